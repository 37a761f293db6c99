//! The lock as a Redis value.

use std::ffi::CStr;

use seckill_core::codec::lock as codec;
use seckill_core::lock::Lock;

use crate::host::{AofEmitter, Defrag, Digest, Loader, ModuleValue, Origin, Progress, Saver, TypeHandle};

/// A lock under a key.
#[derive(Default)]
pub struct LockValue {
    /// The lock.
    pub lock: Lock,
}

impl LockValue {
    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        codec::encode_lock(&self.lock, &mut payload);
        payload
    }
}

static HANDLE: TypeHandle = TypeHandle::new();

impl ModuleValue for LockValue {
    const NAME: &'static CStr = c"seck-lock";
    const VERSION: i32 = 1;

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn load(from: &mut Loader, _: i32, _: Origin<'_>) -> Option<LockValue> {
        match from.string(codec::decode_lock)? {
            Ok(lock) => Some(LockValue { lock }),
            Err(why) => {
                from.log(&format!("a lock is damaged: {}", why.0));
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
        size_of::<LockValue>() + self.lock.heap_bytes()
    }

    fn digest(&self, digest: &mut Digest) {
        digest.add(&self.payload());
        digest.end();
    }

    fn copy(&self, _: Origin<'_>) -> LockValue {
        LockValue { lock: self.lock.clone() }
    }

    fn allocations(&self) -> usize {
        1 + self.lock.holders().len()
    }

    fn defrag(&mut self, _: &mut Defrag) -> Progress {
        Progress::Done
    }
}
