//! Values of the module's own types.

use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::ptr;

use redis_module::raw;

use super::api::api;
use super::guard::guarded;
use super::{AofEmitter, Arg, Context, Defrag, Digest, Loader, Saver};

/// Below it the server frees a value at once, above it in the background.
const FREE_EFFORT_MIN: usize = 1;

/// A type of values.
pub trait ModuleValue: Sized + Send + 'static {
    /// Its name: nine characters.
    const NAME: &'static CStr;
    /// The version of what `save` writes.
    const VERSION: i32;

    /// The server's handle of the type.
    fn handle() -> &'static TypeHandle;
    /// Reads what `save` wrote in a version up to this one; `None` if it is damaged.
    fn load(from: &mut Loader, version: i32, origin: Origin<'_>) -> Option<Self>;
    /// Writes the value.
    fn save(&self, to: &mut Saver);
    /// Writes the value as commands.
    fn rewrite(&self, to: &mut AofEmitter);
    /// Bytes.
    fn memory_bytes(&self) -> usize;
    /// Takes in what makes it equal to another.
    fn digest(&self, digest: &mut Digest);
    /// A copy for another key.
    fn copy(&self, target: Origin<'_>) -> Self;
    /// Allocations to free.
    fn allocations(&self) -> usize;
    /// Moves its blocks, from where `defrag`'s cursor stands.
    fn defrag(&mut self, defrag: &mut Defrag) -> Progress;
}

/// How far a visit came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// All is done.
    Done,
    /// The cursor tells where to go on.
    More,
}

/// Where a value is to stand.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// Its key, where the server tells.
    pub key: Option<Arg<'a>>,
    /// Its database.
    pub db: i32,
}

/// The server's handle of a type, known after it is registered.
pub struct TypeHandle(Cell<*mut raw::RedisModuleType>);

// SAFETY: the handle is set once while the module is loaded, before anything reads it.
unsafe impl Sync for TypeHandle {}

impl TypeHandle {
    /// Not registered yet.
    pub const fn new() -> TypeHandle {
        TypeHandle(Cell::new(ptr::null_mut()))
    }

    pub(super) fn get(&self) -> *mut raw::RedisModuleType {
        self.0.get()
    }
}

impl Default for TypeHandle {
    fn default() -> Self {
        TypeHandle::new()
    }
}

/// Registers a type; false if the server refuses.
pub fn register_type<V: ModuleValue>(ctx: &Context) -> bool {
    let mut methods = raw::RedisModuleTypeMethods {
        version: u64::from(raw::REDISMODULE_TYPE_METHOD_VERSION),
        rdb_load: Some(rdb_load::<V>),
        rdb_save: Some(rdb_save::<V>),
        aof_rewrite: Some(aof_rewrite::<V>),
        mem_usage: None,
        digest: Some(digest::<V>),
        free: Some(free::<V>),
        aux_load: None,
        aux_save: None,
        aux_save_triggers: 0,
        free_effort: None,
        unlink: None,
        copy: None,
        defrag: Some(defrag::<V>),
        mem_usage2: Some(mem_usage::<V>),
        free_effort2: Some(free_effort::<V>),
        unlink2: None,
        copy2: Some(copy::<V>),
        aux_save2: None,
    };
    // SAFETY: the server copies the methods; the name has nine characters and a NUL.
    let handle = unsafe {
        api!(RedisModule_CreateDataType(ctx.raw(), V::NAME.as_ptr(), V::VERSION as c_int, &mut methods))
    };
    V::handle().0.set(handle);
    !handle.is_null()
}

/// # Safety
/// `value` is a value of this type.
unsafe fn lent<'a, V>(value: *const c_void) -> &'a V {
    // SAFETY: as promised.
    unsafe { &*value.cast::<V>() }
}

unsafe extern "C" fn rdb_load<V: ModuleValue>(io: *mut raw::RedisModuleIO, version: c_int) -> *mut c_void {
    let loaded = guarded(|| {
        // SAFETY: the server's handle is valid during the call, and so is the key's name.
        let (mut loader, origin) = unsafe {
            let key = api!(RedisModule_GetKeyNameFromIO(io)).cast_mut();
            let key = (!key.is_null()).then(|| Arg::new(key));
            (Loader::new(io), Origin { key, db: api!(RedisModule_GetDbIdFromIO(io)) })
        };
        if version > V::VERSION {
            loader.log("written by a newer version of this module");
            return None;
        }
        V::load(&mut loader, version, origin)
    });
    loaded.flatten().map_or(ptr::null_mut(), |value| Box::into_raw(Box::new(value)).cast())
}

unsafe extern "C" fn rdb_save<V: ModuleValue>(io: *mut raw::RedisModuleIO, value: *mut c_void) {
    // SAFETY: value and handle are valid during the call.
    guarded(|| unsafe { lent::<V>(value).save(&mut Saver::new(io)) });
}

unsafe extern "C" fn aof_rewrite<V: ModuleValue>(
    io: *mut raw::RedisModuleIO,
    key: *mut raw::RedisModuleString,
    value: *mut c_void,
) {
    // SAFETY: value, key and handle are valid during the call.
    guarded(|| unsafe { lent::<V>(value).rewrite(&mut AofEmitter::new(io, key)) });
}

unsafe extern "C" fn digest<V: ModuleValue>(digest: *mut raw::RedisModuleDigest, value: *mut c_void) {
    // SAFETY: value and handle are valid during the call.
    guarded(|| unsafe { lent::<V>(value).digest(&mut Digest::new(digest)) });
}

unsafe extern "C" fn free<V: ModuleValue>(value: *mut c_void) {
    // SAFETY: the server gives back what `rdb_load`, `copy` or `Key::set` gave it, once. It may be another thread.
    guarded(|| drop(unsafe { Box::from_raw(value.cast::<V>()) }));
}

unsafe extern "C" fn mem_usage<V: ModuleValue>(
    _: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
    _: usize,
) -> usize {
    // SAFETY: the value is valid during the call.
    guarded(|| unsafe { lent::<V>(value).memory_bytes() }).unwrap_or(0)
}

unsafe extern "C" fn free_effort<V: ModuleValue>(
    _: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> usize {
    // SAFETY: the value is valid during the call.
    guarded(|| unsafe { lent::<V>(value).allocations() }).unwrap_or(0).max(FREE_EFFORT_MIN)
}

unsafe extern "C" fn copy<V: ModuleValue>(
    ctx: *mut raw::RedisModuleKeyOptCtx,
    value: *const c_void,
) -> *mut c_void {
    let copied = guarded(|| {
        // SAFETY: value, key name and handle are valid during the call.
        unsafe {
            let key = api!(RedisModule_GetToKeyNameFromOptCtx(ctx)).cast_mut();
            let key = (!key.is_null()).then(|| Arg::new(key));
            let target = Origin { key, db: api!(RedisModule_GetToDbIdFromOptCtx(ctx)) };
            lent::<V>(value).copy(target)
        }
    });
    copied.map_or(ptr::null_mut(), |value| Box::into_raw(Box::new(value)).cast())
}

unsafe extern "C" fn defrag<V: ModuleValue>(
    ctx: *mut raw::RedisModuleDefragCtx,
    _: *mut raw::RedisModuleString,
    value: *mut *mut c_void,
) -> c_int {
    let progress = guarded(|| {
        // SAFETY: the pointer to the value is the server's only one, and nothing else runs meanwhile.
        unsafe {
            let mut defrag = Defrag::new(ctx);
            *value = defrag.value(*value);
            (*(*value).cast::<V>()).defrag(&mut defrag)
        }
    });
    c_int::from(progress == Some(Progress::More))
}
