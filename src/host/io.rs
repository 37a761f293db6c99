//! Values to disk and back.

use redis_module::raw;

use super::api::api;

/// Reads a value from RDB or from RESTORE.
pub struct Loader(*mut raw::RedisModuleIO);

/// Writes a value to RDB or for DUMP.
pub struct Saver(*mut raw::RedisModuleIO);

/// Writes a value to the AOF as commands.
pub struct AofEmitter {
    io: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
}

/// Takes in what makes a value equal to another.
pub struct Digest(*mut raw::RedisModuleDigest);

impl Loader {
    /// # Safety
    /// `io` is the server's and valid as long as the loader lives.
    pub(super) unsafe fn new(io: *mut raw::RedisModuleIO) -> Loader {
        Loader(io)
    }

    /// The next string, shown to `read`; `None` if the payload ends before it.
    pub fn string<T>(&mut self, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let mut len = 0;
        // SAFETY: the server gives a buffer of the length told, or null; it is freed once, here.
        unsafe {
            let start = api!(RedisModule_LoadStringBuffer(self.0, &mut len));
            if start.is_null() || api!(RedisModule_IsIOError(self.0)) != 0 {
                return None;
            }
            let value = read(std::slice::from_raw_parts(start.cast(), len));
            api!(RedisModule_Free(start.cast()));
            Some(value)
        }
    }

    /// Writes a line to the server's log about this payload.
    pub fn log(&self, text: &str) {
        if let Ok(text) = std::ffi::CString::new(text) {
            // SAFETY: all strings end with NUL.
            unsafe {
                api!(RedisModule_LogIOError(self.0, c"warning".as_ptr(), c"%s".as_ptr(), text.as_ptr()));
            }
        }
    }
}

impl Saver {
    /// # Safety
    /// `io` is the server's and valid as long as the saver lives.
    pub(super) unsafe fn new(io: *mut raw::RedisModuleIO) -> Saver {
        Saver(io)
    }

    /// Writes a string.
    pub fn string(&mut self, bytes: &[u8]) {
        // SAFETY: the server copies the bytes.
        unsafe { api!(RedisModule_SaveStringBuffer(self.0, bytes.as_ptr().cast(), bytes.len())) }
    }
}

impl AofEmitter {
    /// # Safety
    /// Both are the server's and valid as long as the emitter lives.
    pub(super) unsafe fn new(io: *mut raw::RedisModuleIO, key: *mut raw::RedisModuleString) -> AofEmitter {
        AofEmitter { io, key }
    }

    /// Writes `SECKILL.APPLY key payload`.
    pub fn apply(&mut self, payload: &[u8]) {
        // SAFETY: the format names a string of the server and a buffer with its length.
        unsafe {
            api!(RedisModule_EmitAOF(
                self.io,
                c"SECKILL.APPLY".as_ptr(),
                c"sb".as_ptr(),
                self.key,
                payload.as_ptr(),
                payload.len()
            ));
        }
    }
}

impl Digest {
    /// # Safety
    /// `digest` is the server's and valid as long as the value lives.
    pub(super) unsafe fn new(digest: *mut raw::RedisModuleDigest) -> Digest {
        Digest(digest)
    }

    /// Takes in the next part of a sequence.
    pub fn add(&mut self, bytes: &[u8]) {
        // SAFETY: the server reads the bytes.
        unsafe { api!(RedisModule_DigestAddStringBuffer(self.0, bytes.as_ptr().cast(), bytes.len())) }
    }

    /// Ends a sequence.
    pub fn end(&mut self) {
        // SAFETY: the digest is valid.
        unsafe { api!(RedisModule_DigestEndSequence(self.0)) }
    }
}
