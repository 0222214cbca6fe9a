//! A shared store of values that can be made again from their key at any time.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::ChunkKey;

/// Parts of a store that lock on their own, so that worlds on several threads seldom wait.
pub const SHARDS: usize = 16;

/// Values by chunk, forgotten when there are too many of them.
///
/// A value must depend on its key alone: then it makes no difference who made it, or whether it
/// was forgotten and made again.
#[derive(Debug)]
pub struct ChunkCache<T> {
    shards: [RwLock<HashMap<ChunkKey, Arc<T>>>; SHARDS],
    shard_capacity: usize,
}

impl<T> ChunkCache<T> {
    /// Holds up to about `capacity` values.
    pub fn new(capacity: usize) -> Self {
        Self {
            shards: std::array::from_fn(|_| RwLock::default()),
            shard_capacity: capacity.div_ceil(SHARDS),
        }
    }

    pub fn get_or_make(&self, key: ChunkKey, make: impl FnOnce() -> T) -> Arc<T> {
        let shard =
            &self.shards[(key.x + 3 * key.y + 5 * key.z).rem_euclid(SHARDS as i32) as usize];
        // A poisoned lock still guards whole values: a thread can only have died between them.
        if let Some(value) = shard
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Arc::clone(value);
        }
        // Made outside the lock: two threads may both make it, and get the same.
        let value = Arc::new(make());
        let mut values = shard.write().unwrap_or_else(PoisonError::into_inner);
        if self.shard_capacity <= values.len() {
            values.clear();
        }
        Arc::clone(values.entry(key).or_insert(value))
    }
}
