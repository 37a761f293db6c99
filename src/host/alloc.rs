//! The server's allocator, so that its memory figures and limits hold for the module.

use std::alloc::{GlobalAlloc, Layout, System};

use redis_module::raw;

/// What the server's allocator aligns to.
const ALIGN: usize = 16;

struct ServerAllocator;

#[global_allocator]
static ALLOCATOR: ServerAllocator = ServerAllocator;

// SAFETY: each block goes back to the allocator that it came from: which of the two serves a layout changes
// once, when the server hands over its functions, and nothing allocated before is freed after.
unsafe impl GlobalAlloc for ServerAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the functions called.
        unsafe {
            match raw::RedisModule_Alloc {
                Some(alloc) if layout.align() <= ALIGN => alloc(layout.size()).cast(),
                _ => System.alloc(layout),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            match raw::RedisModule_Calloc {
                Some(calloc) if layout.align() <= ALIGN => calloc(1, layout.size()).cast(),
                _ => System.alloc_zeroed(layout),
            }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        unsafe {
            match raw::RedisModule_Realloc {
                Some(realloc) if layout.align() <= ALIGN => realloc(block.cast(), size).cast(),
                _ => System.realloc(block, layout, size),
            }
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe {
            match raw::RedisModule_Free {
                Some(free) if layout.align() <= ALIGN => free(block.cast()),
                _ => System.dealloc(block, layout),
            }
        }
    }
}
