//! Values that are stored, sent and compared as one payload of the codec.

use std::ffi::CStr;

use seckill_core::codec::Corrupt;

use crate::host::{AofEmitter, Defrag, Digest, Loader, ModuleValue, Origin, Progress, Saver, TypeHandle};

/// Such a value.
pub trait OneBlock: Clone + Send + 'static {
    /// The type's name: nine characters.
    const NAME: &'static CStr;
    /// What it is called in the log.
    const WHAT: &'static str;

    /// The server's handle of the type.
    fn handle() -> &'static TypeHandle;
    /// The value as a payload.
    fn payload(&self) -> Vec<u8>;
    /// The value of a payload.
    ///
    /// # Errors
    /// [`Corrupt`] if it is damaged.
    fn from_payload(payload: &[u8]) -> Result<Self, Corrupt>;
    /// Bytes on the heap.
    fn heap_bytes(&self) -> usize;
    /// Allocations to free.
    fn allocations(&self) -> usize;
    /// Moves its blocks.
    fn defrag(&mut self, _: &mut Defrag) {}
}

impl<T: OneBlock> ModuleValue for T {
    const NAME: &'static CStr = T::NAME;
    const VERSION: i32 = 1;

    fn handle() -> &'static TypeHandle {
        T::handle()
    }

    fn load(from: &mut Loader, _: i32, _: Origin<'_>) -> Option<T> {
        match from.string(T::from_payload)? {
            Ok(value) => Some(value),
            Err(why) => {
                from.log(&format!("a {} is damaged: {}", T::WHAT, why.0));
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
        size_of::<T>() + self.heap_bytes()
    }

    fn digest(&self, digest: &mut Digest) {
        digest.add(&self.payload());
        digest.end();
    }

    fn copy(&self, _: Origin<'_>) -> T {
        self.clone()
    }

    fn allocations(&self) -> usize {
        OneBlock::allocations(self)
    }

    fn defrag(&mut self, defrag: &mut Defrag) -> Progress {
        OneBlock::defrag(self, defrag);
        Progress::Done
    }
}
