//! Appending to a stream.

use std::ffi::{c_int, c_long};

use redis_module::raw;

use super::api::api;
use super::{Arg, Context, HostString, Key, Mode};

/// Fields of an entry at most.
const FIELDS_MAX: usize = 8;

/// A stream, open for appending.
pub struct Stream<'a> {
    ctx: &'a Context,
    name: Arg<'a>,
    key: Key,
}

/// The id of a new entry: milliseconds and number.
pub type Appended = (u64, u64);

/// Why there is no stream to append to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamError {
    /// There is no such key.
    Missing,
    /// The key holds something else.
    WrongType,
    /// The stream's newest id is the last there can be, or beyond the id asked for.
    Refused,
}

/// Names and values of an entry.
pub struct Fields<'a> {
    strings: [*mut raw::RedisModuleString; FIELDS_MAX * 2],
    /// Fields so far.
    len: usize,
    owned: [Option<HostString>; FIELDS_MAX],
    life: std::marker::PhantomData<Arg<'a>>,
}

impl<'a> Fields<'a> {
    /// No fields.
    pub fn new() -> Fields<'a> {
        Fields {
            strings: [std::ptr::null_mut(); FIELDS_MAX * 2],
            len: 0,
            owned: [const { None }; FIELDS_MAX],
            life: std::marker::PhantomData,
        }
    }

    /// A field with a value that the server has already. A ninth field is left out.
    pub fn lend(&mut self, name: Arg<'a>, value: Arg<'a>) {
        if let Some(place) = self.strings.as_chunks_mut::<2>().0.get_mut(self.len) {
            *place = [name.raw(), value.raw()];
            self.len += 1;
        }
    }

    /// A field with a value of the module's.
    pub fn give(&mut self, name: Arg<'a>, value: &[u8]) {
        let value = HostString::new(value);
        // SAFETY: the string is kept in `owned` as long as the fields live.
        self.lend(name, unsafe { Arg::new(value.arg().raw()) });
        if let Some(place) = self.owned.iter_mut().find(|place| place.is_none()) {
            *place = Some(value);
        }
    }
}

impl Default for Fields<'_> {
    fn default() -> Self {
        Fields::new()
    }
}

/// The fields of an entry, from the first on.
pub struct EntryFields<'a> {
    key: &'a Key,
    left: c_long,
}

impl Iterator for EntryFields<'_> {
    /// Name and value.
    type Item = (HostString, HostString);

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let (mut name, mut value) = (std::ptr::null_mut(), std::ptr::null_mut());
        // SAFETY: the iterator stands in an entry with fields left; the strings are the module's from then on.
        unsafe {
            let key = self.key.raw();
            if api!(RedisModule_StreamIteratorNextField(key, &mut name, &mut value)) != 0 {
                return None;
            }
            Some((HostString::owned(name)?, HostString::owned(value)?))
        }
    }
}

impl<'a> Stream<'a> {
    /// Opens a stream; does not make one.
    ///
    /// # Errors
    /// [`StreamError`] if there is none.
    pub fn open(ctx: &'a Context, name: Arg<'a>) -> Result<Stream<'a>, StreamError> {
        let key = Key::open(ctx, name, Mode::Write);
        match key.kind() as isize {
            raw::REDISMODULE_KEYTYPE_STREAM => Ok(Stream { ctx, name, key }),
            raw::REDISMODULE_KEYTYPE_EMPTY => Err(StreamError::Missing),
            _ => Err(StreamError::WrongType),
        }
    }

    /// Opens a stream, or an empty key that becomes one with its first entry.
    ///
    /// # Errors
    /// [`StreamError::WrongType`] if the key holds something else.
    pub fn open_or_make(ctx: &'a Context, name: Arg<'a>) -> Result<Stream<'a>, StreamError> {
        match Stream::open(ctx, name) {
            Err(StreamError::Missing) => Ok(Stream { ctx, name, key: Key::open(ctx, name, Mode::Write) }),
            result => result,
        }
    }

    /// Shows the fields of at most `limit` entries, the newest first, until `look` finds what it is after.
    pub fn look_back<T>(
        &mut self,
        limit: usize,
        mut look: impl FnMut(&mut EntryFields<'_>) -> Option<T>,
    ) -> Option<T> {
        let (reverse, any) = (raw::REDISMODULE_STREAM_ITERATOR_REVERSE as c_int, std::ptr::null_mut());
        // SAFETY: the key is an open stream; null stands for the first and the last entry.
        if unsafe { api!(RedisModule_StreamIteratorStart(self.key.raw(), reverse, any, any)) } != 0 {
            return None;
        }
        let found = (0..limit).find_map(|_| {
            let mut id = raw::RedisModuleStreamID { ms: 0, seq: 0 };
            let mut left = 0;
            // SAFETY: the iterator was started; both places can be written to.
            let more = unsafe { api!(RedisModule_StreamIteratorNextID(self.key.raw(), &mut id, &mut left)) };
            if more != 0 {
                return Some(None);
            }
            let mut fields = EntryFields { key: &self.key, left };
            let found = look(&mut fields);
            // Backwards the server finds the next entry from the end of this one.
            fields.for_each(drop);
            found.map(Some)
        });
        // SAFETY: the iterator was started.
        unsafe { api!(RedisModule_StreamIteratorStop(self.key.raw())) };
        found.flatten()
    }

    /// Appends an entry under `id`, or under the next id without one. Nothing is replicated.
    ///
    /// # Errors
    /// [`StreamError::Refused`] if no entry can have the id.
    pub fn append(self, id: Option<Appended>, fields: &mut Fields<'_>) -> Result<Appended, StreamError> {
        let (ms, seq) = id.unwrap_or_default();
        let mut entry = raw::RedisModuleStreamID { ms, seq };
        let flags = if id.is_some() { 0 } else { raw::REDISMODULE_STREAM_ADD_AUTOID as c_int };
        // SAFETY: the key is open for writing, the array holds two strings a field, all alive.
        let result = unsafe {
            let strings = fields.strings.as_mut_ptr();
            api!(RedisModule_StreamAdd(self.key.raw(), flags, &mut entry, strings, fields.len as i64))
        };
        if result != raw::REDISMODULE_OK as c_int {
            return Err(StreamError::Refused);
        }
        let Stream { ctx, name, key } = self;
        drop(key);
        ctx.signal_modified(name);
        ctx.notify_class(raw::REDISMODULE_NOTIFY_STREAM, c"xadd", name);
        Ok((entry.ms, entry.seq))
    }

    /// Takes back an entry that was appended in this call. Its id is not given again. Nothing is replicated.
    pub fn take_back(self, (ms, seq): Appended) {
        let mut id = raw::RedisModuleStreamID { ms, seq };
        // SAFETY: the key is a stream open for writing; an entry that is not there is no harm.
        unsafe { api!(RedisModule_StreamDelete(self.key.raw(), &mut id)) };
        let Stream { ctx, name, key } = self;
        drop(key);
        ctx.notify_class(raw::REDISMODULE_NOTIFY_STREAM, c"xdel", name);
    }
}
