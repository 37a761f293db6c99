//! A limit's bucket as a Redis value.

use std::ffi::CStr;

use seckill_core::codec::{self, Corrupt};
use seckill_core::limit::Bucket;

use super::one_block::OneBlock;
use crate::host::TypeHandle;

/// Bytes of a stored bucket, at most.
const STORED_BYTES_MAX: usize = 40;

/// What was used of a limit. One allocation, and the key's expiry is when nothing is used any more.
#[derive(Clone)]
pub struct LimitValue(pub Bucket);

static HANDLE: TypeHandle = TypeHandle::new();

impl OneBlock for LimitValue {
    const NAME: &'static CStr = c"seck-limt";
    const WHAT: &'static str = "limit";

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(STORED_BYTES_MAX);
        codec::encode_bucket(&self.0, &mut payload);
        payload
    }

    fn from_payload(payload: &[u8]) -> Result<LimitValue, Corrupt> {
        match codec::decode_limit(payload)? {
            (bucket, None) => Ok(LimitValue(bucket)),
            (_, Some(_)) => Err(Corrupt("a change is no stored bucket")),
        }
    }

    fn heap_bytes(&self) -> usize {
        0
    }

    fn allocations(&self) -> usize {
        1
    }
}
