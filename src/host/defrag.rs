//! Moving memory to where it is less fragmented.

use std::ffi::c_ulong;

use redis_module::raw;

use super::api::api;

/// A visit of the server's defragmentation.
pub struct Defrag(*mut raw::RedisModuleDefragCtx);

impl Defrag {
    /// # Safety
    /// `ctx` is the server's and valid as long as the value lives.
    pub(super) unsafe fn new(ctx: *mut raw::RedisModuleDefragCtx) -> Defrag {
        Defrag(ctx)
    }

    /// Moves a block if the server thinks it worth while.
    pub fn block<T: Copy>(&mut self, block: &mut Box<[T]>) {
        if size_of::<T>() == 0 || align_of::<T>() > 16 || block.is_empty() {
            return;
        }
        let len = block.len();
        let old = Box::into_raw(std::mem::take(block));
        // SAFETY: the block came from the server's allocator; if it is moved, the server has copied and freed it.
        *block = unsafe {
            let new = api!(RedisModule_DefragAlloc(self.0, old.cast()));
            let start = if new.is_null() { old.cast::<T>() } else { new.cast() };
            Box::from_raw(std::ptr::slice_from_raw_parts_mut(start, len))
        };
    }

    /// Moves the value itself; gives the pointer to it from now on.
    ///
    /// # Safety
    /// `value` is the one pointer to an allocation of the server's.
    pub(super) unsafe fn value(&mut self, value: *mut std::ffi::c_void) -> *mut std::ffi::c_void {
        // SAFETY: as promised by the caller.
        let new = unsafe { api!(RedisModule_DefragAlloc(self.0, value)) };
        if new.is_null() { value } else { new }
    }

    /// True when it is time to serve clients.
    pub fn should_stop(&self) -> bool {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_DefragShouldStop(self.0)) != 0 }
    }

    /// Where the last visit of this value stopped; 0 at its first.
    pub fn cursor(&self) -> usize {
        let mut cursor: c_ulong = 0;
        // SAFETY: the context is valid; the cursor stays as it is if there is none.
        unsafe { api!(RedisModule_DefragCursorGet(self.0, &mut cursor)) };
        cursor as usize
    }

    /// Keeps where to go on.
    pub fn keep_cursor(&mut self, cursor: usize) {
        // SAFETY: the context is valid.
        unsafe { api!(RedisModule_DefragCursorSet(self.0, cursor as c_ulong)) };
    }
}
