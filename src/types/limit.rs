//! A limit's bucket as a Redis value.

use std::ffi::CStr;

use seckill_core::codec;
use seckill_core::limit::Bucket;

use crate::host::{AofEmitter, Defrag, Digest, Loader, ModuleValue, Origin, Progress, Saver, TypeHandle};

/// Bytes of a stored bucket, at most.
const STORED_BYTES_MAX: usize = 40;

/// What was used of a limit. One allocation, and the key's expiry is when nothing is used any more.
pub struct LimitValue(pub Bucket);

impl LimitValue {
    fn stored(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(STORED_BYTES_MAX);
        codec::encode_bucket(&self.0, &mut payload);
        payload
    }
}

static HANDLE: TypeHandle = TypeHandle::new();

impl ModuleValue for LimitValue {
    const NAME: &'static CStr = c"seck-limt";
    const VERSION: i32 = 1;

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn load(from: &mut Loader, _: i32, _: Origin<'_>) -> Option<LimitValue> {
        match from.string(codec::decode_limit)? {
            Ok((bucket, None)) => Some(LimitValue(bucket)),
            Ok((_, Some(_))) => {
                from.log("a limit is damaged: a change is no stored bucket");
                None
            }
            Err(why) => {
                from.log(&format!("a limit is damaged: {}", why.0));
                None
            }
        }
    }

    fn save(&self, to: &mut Saver) {
        to.string(&self.stored());
    }

    fn rewrite(&self, to: &mut AofEmitter) {
        to.apply(&self.stored());
    }

    fn memory_bytes(&self) -> usize {
        size_of::<LimitValue>()
    }

    fn digest(&self, digest: &mut Digest) {
        digest.add(&self.stored());
        digest.end();
    }

    fn copy(&self, _: Origin<'_>) -> LimitValue {
        LimitValue(self.0)
    }

    fn allocations(&self) -> usize {
        1
    }

    fn defrag(&mut self, _: &mut Defrag) -> Progress {
        Progress::Done
    }
}
