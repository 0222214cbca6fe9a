//! A shared store of values that can be made again from their key at any time.

use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, PoisonError, RwLock};

// With a quick hash: places are looked up by the million.
use bevy::platform::collections::HashMap;
use bevy::platform::hash::FixedHasher;

use super::ChunkKey;

/// Parts of a store that lock on their own, so that worlds on several threads seldom wait.
const SHARDS: usize = 16;

/// Values by key. What nobody asks for while about half as many others are made as the store holds is
/// forgotten.
///
/// A value must depend on its key alone: then it makes no difference who made it, or whether it
/// was forgotten and made again.
#[derive(Debug)]
pub struct Cache<K, V> {
    shards: [RwLock<Shard<K, V>>; SHARDS],
    /// Of each of the two halves of a shard.
    half_capacity: usize,
}

/// Of chunks of the body.
pub type ChunkCache<T> = Cache<ChunkKey, Arc<T>>;

#[derive(Debug)]
struct Shard<K, V> {
    /// Made or asked for since the halves last changed places.
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K, V> Default for Shard<K, V> {
    fn default() -> Self {
        Self {
            young: HashMap::default(),
            old: HashMap::default(),
        }
    }
}

impl<K: Eq + Hash, V: Clone> Shard<K, V> {
    /// Enters a value, unless there is one by now, and returns what there is.
    fn keep(&mut self, key: K, value: V, half_capacity: usize) -> V {
        if half_capacity <= self.young.len() && !self.young.contains_key(&key) {
            self.old.clear();
            std::mem::swap(&mut self.young, &mut self.old);
        }
        self.young.entry(key).or_insert(value).clone()
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    /// Holds up to about `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            half_capacity: capacity.div_ceil(2 * SHARDS),
        }
    }

    pub fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> V {
        // By bits that the maps make no use of.
        let shard = &self.shards[(FixedHasher.hash_one(&key) >> 48) as usize % SHARDS];
        // A poisoned lock still guards whole values: a thread can only have died between them.
        let known = {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(value) = shard.young.get(&key) {
                return value.clone();
            }
            shard.old.get(&key).cloned()
        };
        // Made outside the lock: two threads may both make it, and get the same.
        let value = known.unwrap_or_else(make);
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        shard.keep(key, value, self.half_capacity)
    }
}

impl<K: Eq + Hash, T> Cache<K, Arc<T>> {
    /// A value too large to be copied each time.
    pub fn get_or_share(&self, key: K, make: impl FnOnce() -> T) -> Arc<T> {
        self.get_or_make(key, || Arc::new(make()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_holds_no_more_than_it_may_and_tells_the_same_after_it_forgot() {
        let cache = Cache::new(64);
        for _ in 0..3 {
            for key in 0..1_000_u32 {
                assert_eq!(cache.get_or_make(key, || key * key), key * key);
            }
        }
        let held: usize = (cache.shards.iter())
            .map(|shard| shard.read().unwrap())
            .map(|shard| shard.young.len() + shard.old.len())
            .sum();
        assert!((1..=64).contains(&held), "{held} values");
        // What was just asked for is not made again.
        assert_eq!(cache.get_or_make(999, || unreachable!()), 999 * 999);
    }

    #[test]
    fn what_is_asked_for_again_and_again_is_made_once() {
        let cache = Cache::new(64);
        let mut made = 0;
        for key in 0..10_000_u32 {
            cache.get_or_make(key, || key);
            let asked = cache.get_or_make(u32::MAX, || {
                made += 1;
                7
            });
            assert_eq!(asked, 7);
        }
        assert_eq!(made, 1);
    }
}
