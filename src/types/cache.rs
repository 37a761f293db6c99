//! The cache entry as a Redis value.

use std::ffi::CStr;

use seckill_core::cache::Entry;
use seckill_core::codec::cache as codec;

use crate::host::{AofEmitter, Defrag, Digest, Loader, ModuleValue, Origin, Progress, Saver, TypeHandle};

/// A cache entry under a key.
#[derive(Default)]
pub struct CacheValue {
    /// The entry.
    pub entry: Entry,
}

impl CacheValue {
    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(self.entry.heap_bytes() + HEAD_BYTES);
        codec::encode_entry(&self.entry, &mut payload);
        payload
    }
}

/// What a stored entry takes at most beside its value.
const HEAD_BYTES: usize = 64;

static HANDLE: TypeHandle = TypeHandle::new();

impl ModuleValue for CacheValue {
    const NAME: &'static CStr = c"seckcache";
    const VERSION: i32 = 1;

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn load(from: &mut Loader, _: i32, _: Origin<'_>) -> Option<CacheValue> {
        match from.string(codec::decode_entry)? {
            Ok(entry) => Some(CacheValue { entry }),
            Err(why) => {
                from.log(&format!("a cache entry is damaged: {}", why.0));
                None
            }
        }
    }

    fn save(&self, to: &mut Saver) {
        to.string(&self.payload());
    }

    fn rewrite(&self, to: &mut AofEmitter) {
        to.apply(&self.payload());
    }

    fn memory_bytes(&self) -> usize {
        size_of::<CacheValue>() + self.entry.heap_bytes()
    }

    fn digest(&self, digest: &mut Digest) {
        digest.add(&self.payload());
        digest.end();
    }

    fn copy(&self, _: Origin<'_>) -> CacheValue {
        CacheValue { entry: self.entry.clone() }
    }

    fn allocations(&self) -> usize {
        1 + usize::from(self.entry.heap_bytes() > 0)
    }

    fn defrag(&mut self, defrag: &mut Defrag) -> Progress {
        self.entry.value_mut().into_iter().for_each(|value| defrag.block(value));
        Progress::Done
    }
}
