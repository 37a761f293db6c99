//! The server's strings.

use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;

use redis_module::raw;

use super::api::api;

/// A string of the server that lives at least for `'a`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Arg<'a> {
    string: *mut raw::RedisModuleString,
    life: PhantomData<&'a ()>,
}

impl<'a> Arg<'a> {
    /// # Safety
    /// `string` is a string of the server that nobody changes or frees during `'a`.
    pub(super) unsafe fn new(string: *mut raw::RedisModuleString) -> Arg<'a> {
        Arg { string, life: PhantomData }
    }

    pub(super) fn raw(&self) -> *mut raw::RedisModuleString {
        self.string
    }

    /// Its bytes.
    pub fn bytes(&self) -> &'a [u8] {
        let mut len = 0;
        // SAFETY: the string lives for `'a`, and the server gives pointer and length of its bytes.
        unsafe {
            let start = api!(RedisModule_StringPtrLen(self.string, &mut len));
            slice::from_raw_parts(start.cast(), len)
        }
    }
}

/// A string of the server that the module owns. For the main thread only.
pub struct HostString(NonNull<raw::RedisModuleString>);

impl HostString {
    /// A copy of `bytes`.
    pub fn new(bytes: &[u8]) -> HostString {
        // SAFETY: the server copies the bytes; it never returns null, for it ends when memory does.
        unsafe {
            let string = api!(RedisModule_CreateString(ptr::null_mut(), bytes.as_ptr().cast(), bytes.len()));
            HostString(NonNull::new_unchecked(string))
        }
    }

    /// A string that the server gave away; `None` if it is null.
    ///
    /// # Safety
    /// The caller has the one reference to the string, and gives it up.
    pub(super) unsafe fn owned(string: *mut raw::RedisModuleString) -> Option<HostString> {
        NonNull::new(string).map(HostString)
    }

    /// As an argument.
    pub fn arg(&self) -> Arg<'_> {
        // SAFETY: the string lives as long as `self`.
        unsafe { Arg::new(self.0.as_ptr()) }
    }
}

impl Drop for HostString {
    fn drop(&mut self) {
        // SAFETY: this is the one reference that `new` took.
        unsafe { api!(RedisModule_FreeString(ptr::null_mut(), self.0.as_ptr())) }
    }
}

/// A string that is made once and never freed, such as a field's name.
pub struct SharedString(HostString);

// SAFETY: a shared string is used by commands, timers and events only, all of which run on the main thread.
unsafe impl Sync for SharedString {}

impl SharedString {
    /// A copy of `bytes`.
    pub fn new(bytes: &[u8]) -> SharedString {
        SharedString(HostString::new(bytes))
    }

    /// As an argument.
    pub fn arg(&self) -> Arg<'_> {
        self.0.arg()
    }
}

/// A key's name that a value keeps for itself and that goes with it.
pub struct OwnedName(HostString);

// SAFETY: nobody else keeps a reference between calls, so the thread that frees the value frees the last one.
unsafe impl Send for OwnedName {}

impl OwnedName {
    /// A copy of `bytes`.
    pub fn new(bytes: &[u8]) -> OwnedName {
        OwnedName(HostString::new(bytes))
    }

    /// As an argument.
    pub fn arg(&self) -> Arg<'_> {
        self.0.arg()
    }
}
