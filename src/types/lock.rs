//! The lock as a Redis value.

use std::ffi::CStr;

use seckill_core::codec::Corrupt;
use seckill_core::codec::lock as codec;
use seckill_core::lock::Lock;

use super::one_block::OneBlock;
use crate::host::TypeHandle;

/// A lock under a key.
#[derive(Clone, Default)]
pub struct LockValue {
    /// The lock.
    pub lock: Lock,
}

static HANDLE: TypeHandle = TypeHandle::new();

impl OneBlock for LockValue {
    const NAME: &'static CStr = c"seck-lock";
    const WHAT: &'static str = "lock";

    fn handle() -> &'static TypeHandle {
        &HANDLE
    }

    fn payload(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        codec::encode_lock(&self.lock, &mut payload);
        payload
    }

    fn from_payload(payload: &[u8]) -> Result<LockValue, Corrupt> {
        codec::decode_lock(payload).map(|lock| LockValue { lock })
    }

    fn heap_bytes(&self) -> usize {
        self.lock.heap_bytes()
    }

    fn allocations(&self) -> usize {
        1 + self.lock.holders().len()
    }
}
