//! The cache entry as a Redis value.

use std::ffi::CStr;

use seckill_core::cache::Entry;
use seckill_core::codec::Corrupt;
use seckill_core::codec::cache as codec;

use super::one_block::OneBlock;
use crate::host::{Defrag, TypeHandle};

/// What a stored entry takes at most beside its value.
const HEAD_BYTES: usize = 64;

/// A cache entry under a key.
#[derive(Clone, Default)]
pub struct CacheValue {
    /// The entry.
    pub entry: Entry,
}

static HANDLE: TypeHandle = TypeHandle::new();

impl OneBlock for CacheValue {
    const NAME: &'static CStr = c"seckcache";
    const WHAT: &'static str = "cache entry";

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.entry.heap_bytes() + HEAD_BYTES);
        codec::encode_entry(&self.entry, &mut payload);
        payload
    }

    fn from_payload(payload: &[u8]) -> Result<CacheValue, Corrupt> {
        codec::decode_entry(payload).map(|entry| CacheValue { entry })
    }

    fn heap_bytes(&self) -> usize {
        self.entry.heap_bytes()
    }

    fn allocations(&self) -> usize {
        1 + usize::from(self.entry.heap_bytes() > 0)
    }

    fn defrag(&mut self, defrag: &mut Defrag) {
        self.entry.value_mut().into_iter().for_each(|value| defrag.block(value));
    }
}
