//! Lists that grow at their end, made to be copied often.
//!
//! A world's log and journal are long, and whoever plans ahead copies the world a thousand times a
//! second. So they lie in pieces that copies share: what is old is never copied again, and of what
//! is new at most one piece.

use std::ops::{Index, Range};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list in pieces of `PIECE` items that its copies share.
pub struct Chronicle<T, const PIECE: usize = 64> {
    /// All full but the last.
    pieces: Vec<Arc<Vec<T>>>,
    /// Items at the beginning of the first piece that were dropped.
    dropped: usize,
    len: usize,
}

impl<T, const PIECE: usize> Chronicle<T, PIECE> {
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn get(&self, index: usize) -> Option<&T> {
        if self.len <= index {
            return None;
        }
        let at = self.dropped + index;
        self.pieces[at / PIECE].get(at % PIECE)
    }

    pub fn last(&self) -> Option<&T> {
        self.get(self.len.checked_sub(1)?)
    }

    pub fn iter(&self) -> Iter<'_, T, PIECE> {
        self.since(0)
    }

    /// What comes after the first `count` items.
    pub fn since(&self, count: usize) -> Iter<'_, T, PIECE> {
        Iter {
            of: self,
            left: count.min(self.len)..self.len,
        }
    }

    /// Drops the first `count` items, or all.
    pub fn forget(&mut self, count: usize) {
        let count = count.min(self.len);
        self.len -= count;
        self.dropped += count;
        self.pieces.drain(..self.dropped / PIECE);
        self.dropped %= PIECE;
    }
}

impl<T: Clone, const PIECE: usize> Chronicle<T, PIECE> {
    pub fn push(&mut self, item: T) {
        match self.pieces.last_mut() {
            Some(piece) if piece.len() < PIECE => Arc::make_mut(piece).push(item),
            _ => self.pieces.push(Arc::new(vec![item])),
        }
        self.len += 1;
    }

    pub fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        if self.len <= index {
            return None;
        }
        let at = self.dropped + index;
        Arc::make_mut(&mut self.pieces[at / PIECE]).get_mut(at % PIECE)
    }
}

impl<T, const PIECE: usize> Clone for Chronicle<T, PIECE> {
    fn clone(&self) -> Self {
        Self {
            pieces: self.pieces.clone(),
            ..*self
        }
    }
}

impl<T, const PIECE: usize> Default for Chronicle<T, PIECE> {
    fn default() -> Self {
        Self {
            pieces: Vec::new(),
            dropped: 0,
            len: 0,
        }
    }
}

impl<T: std::fmt::Debug, const PIECE: usize> std::fmt::Debug for Chronicle<T, PIECE> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<T: PartialEq, const PIECE: usize> PartialEq for Chronicle<T, PIECE> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other)
    }
}

impl<T, const PIECE: usize> Index<usize> for Chronicle<T, PIECE> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        self.get(index)
            .unwrap_or_else(|| panic!("item {index} of {}", self.len))
    }
}

impl<T: Clone, const PIECE: usize> Extend<T> for Chronicle<T, PIECE> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        for item in items {
            self.push(item);
        }
    }
}

impl<T: Clone, const PIECE: usize> FromIterator<T> for Chronicle<T, PIECE> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let mut chronicle = Self::default();
        chronicle.extend(items);
        chronicle
    }
}

impl<'a, T, const PIECE: usize> IntoIterator for &'a Chronicle<T, PIECE> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T, PIECE>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<T: Serialize, const PIECE: usize> Serialize for Chronicle<T, PIECE> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl<'de, T: Deserialize<'de> + Clone, const PIECE: usize> Deserialize<'de>
    for Chronicle<T, PIECE>
{
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Items of a [`Chronicle`], oldest first.
pub struct Iter<'a, T, const PIECE: usize> {
    of: &'a Chronicle<T, PIECE>,
    left: Range<usize>,
}

impl<'a, T, const PIECE: usize> Iterator for Iter<'a, T, PIECE> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.left.next().map(|index| &self.of[index])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl<T, const PIECE: usize> DoubleEndedIterator for Iter<'_, T, PIECE> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left.next_back().map(|index| &self.of[index])
    }
}

impl<T, const PIECE: usize> ExactSizeIterator for Iter<'_, T, PIECE> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Copies go their own ways, as lists in one piece would.
        #[test]
        fn copies_are_as_lists_that_share_nothing(
            deeds in prop::collection::vec((0..4_u8, 0..40_usize), 0..200),
        ) {
            let mut lists: Vec<(Chronicle<usize, 8>, Vec<usize>)> = vec![Default::default()];
            for (step, (deed, size)) in deeds.into_iter().enumerate() {
                let at = size % lists.len();
                let (chronicle, list) = &mut lists[at];
                match deed {
                    0 => {
                        chronicle.extend(step..step + size);
                        list.extend(step..step + size);
                    }
                    1 => {
                        chronicle.forget(size);
                        list.drain(..size.min(list.len()));
                    }
                    2 => {
                        let (item, same) = (chronicle.get_mut(size), list.get_mut(size));
                        prop_assert_eq!(&item, &same);
                        if let (Some(item), Some(same)) = (item, same) {
                            (*item, *same) = (step, step);
                        }
                    }
                    _ => {
                        let copy = (chronicle.clone(), list.clone());
                        lists.push(copy);
                    }
                }
            }
            for (chronicle, list) in lists {
                prop_assert!(chronicle.iter().eq(&list));
                prop_assert!(chronicle.iter().rev().eq(list.iter().rev()));
                prop_assert!(chronicle.since(5).eq(list.iter().skip(5)));
                prop_assert_eq!(chronicle.len(), list.len());
                prop_assert_eq!(chronicle.last(), list.last());
                let bytes = postcard::to_stdvec(&list).unwrap();
                prop_assert_eq!(&postcard::to_stdvec(&chronicle).unwrap(), &bytes);
                let read: Chronicle<usize, 8> = postcard::from_bytes(&bytes).unwrap();
                prop_assert_eq!(read, chronicle);
            }
        }
    }
}
