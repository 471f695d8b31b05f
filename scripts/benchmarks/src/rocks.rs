//! RocksDB by the C interface of the system's library (Debian: librocksdb-dev), so that nothing of it is
//! compiled here. Only with the feature `rocksdb`.

use std::ffi::{CStr, CString, c_char, c_int, c_uchar, c_void};
use std::path::Path;
use std::ptr;

use anyhow::{Result, bail};

use crate::peer::{Op, Peer, Reader, Settings, touch};

type Handle = *mut c_void;

#[link(name = "rocksdb")]
unsafe extern "C" {
    fn rocksdb_options_create() -> Handle;
    fn rocksdb_options_set_create_if_missing(options: Handle, on: c_uchar);
    fn rocksdb_open(options: Handle, path: *const c_char, error: *mut *mut c_char) -> Handle;
    fn rocksdb_close(db: Handle);
    fn rocksdb_writeoptions_create() -> Handle;
    fn rocksdb_writeoptions_set_sync(options: Handle, on: c_uchar);
    fn rocksdb_readoptions_create() -> Handle;
    fn rocksdb_writebatch_create() -> Handle;
    fn rocksdb_writebatch_destroy(batch: Handle);
    fn rocksdb_writebatch_put(
        batch: Handle,
        key: *const u8,
        key_length: usize,
        value: *const u8,
        value_length: usize,
    );
    fn rocksdb_writebatch_delete(batch: Handle, key: *const u8, key_length: usize);
    fn rocksdb_write(db: Handle, options: Handle, batch: Handle, error: *mut *mut c_char);
    fn rocksdb_get_pinned(
        db: Handle,
        options: Handle,
        key: *const u8,
        key_length: usize,
        error: *mut *mut c_char,
    ) -> Handle;
    fn rocksdb_pinnableslice_value(slice: Handle, length: *mut usize) -> *const u8;
    fn rocksdb_pinnableslice_destroy(slice: Handle);
    fn rocksdb_create_iterator(db: Handle, options: Handle) -> Handle;
    fn rocksdb_iter_seek(iterator: Handle, key: *const u8, key_length: usize);
    fn rocksdb_iter_valid(iterator: Handle) -> c_uchar;
    fn rocksdb_iter_next(iterator: Handle);
    fn rocksdb_iter_value(iterator: Handle, length: *mut usize) -> *const u8;
    fn rocksdb_iter_destroy(iterator: Handle);
    fn rocksdb_flushoptions_create() -> Handle;
    fn rocksdb_flush(db: Handle, options: Handle, error: *mut *mut c_char);
    fn rocksdb_options_increase_parallelism(options: Handle, threads: c_int);
}

struct Rocks {
    db: Handle,
    write: Handle,
    read: Handle,
}

// The library locks for itself; options are only read.
unsafe impl Send for Rocks {}
unsafe impl Sync for Rocks {}

fn checked(error: *mut c_char) -> Result<()> {
    if error.is_null() {
        return Ok(());
    }
    // A NUL-terminated text of the library's; it is leaked, since the run ends here.
    bail!(
        "RocksDB: {}",
        unsafe { CStr::from_ptr(error) }.to_string_lossy()
    )
}

pub fn open(folder: &Path, _: &Settings) -> Result<Box<dyn Peer>> {
    let path = CString::new(folder.as_os_str().as_encoded_bytes())?;
    let mut error = ptr::null_mut();
    let peer = unsafe {
        let options = rocksdb_options_create();
        rocksdb_options_set_create_if_missing(options, 1);
        rocksdb_options_increase_parallelism(options, 2);
        let db = rocksdb_open(options, path.as_ptr(), &raw mut error);
        checked(error)?;
        let write = rocksdb_writeoptions_create();
        rocksdb_writeoptions_set_sync(write, 1);
        Rocks {
            db,
            write,
            read: rocksdb_readoptions_create(),
        }
    };
    Ok(Box::new(peer))
}

impl Drop for Rocks {
    fn drop(&mut self) {
        unsafe { rocksdb_close(self.db) }
    }
}

impl Peer for Rocks {
    fn write(&self, ops: &[Op<'_>]) -> Result<()> {
        let mut error = ptr::null_mut();
        unsafe {
            let batch = rocksdb_writebatch_create();
            for op in ops {
                match op {
                    Op::Put(k, v) => {
                        rocksdb_writebatch_put(batch, k.as_ptr(), k.len(), v.as_ptr(), v.len());
                    }
                    Op::Delete(k) => rocksdb_writebatch_delete(batch, k.as_ptr(), k.len()),
                }
            }
            rocksdb_write(self.db, self.write, batch, &raw mut error);
            rocksdb_writebatch_destroy(batch);
        }
        checked(error)
    }

    fn read(&self, work: &mut dyn FnMut(&mut dyn Reader) -> Result<()>) -> Result<()> {
        work(&mut RocksReader(self))
    }

    fn settle(&self) -> Result<()> {
        let mut error = ptr::null_mut();
        unsafe { rocksdb_flush(self.db, rocksdb_flushoptions_create(), &raw mut error) };
        checked(error)
    }
}

struct RocksReader<'a>(&'a Rocks);

impl Reader for RocksReader<'_> {
    fn get(&mut self, key: &[u8]) -> Result<usize> {
        let mut error = ptr::null_mut();
        let Rocks { db, read, .. } = *self.0;
        unsafe {
            let slice = rocksdb_get_pinned(db, read, key.as_ptr(), key.len(), &raw mut error);
            checked(error)?;
            if slice.is_null() {
                return Ok(0);
            }
            let mut length = 0;
            let value = rocksdb_pinnableslice_value(slice, &raw mut length);
            let touched = touch(std::slice::from_raw_parts(value, length));
            rocksdb_pinnableslice_destroy(slice);
            Ok(touched)
        }
    }

    fn scan(&mut self, from: &[u8], limit: usize) -> Result<(usize, usize)> {
        let mut seen = (0, 0);
        unsafe {
            let iterator = rocksdb_create_iterator(self.0.db, self.0.read);
            rocksdb_iter_seek(iterator, from.as_ptr(), from.len());
            while seen.0 < limit && rocksdb_iter_valid(iterator) != 0 {
                let mut length = 0;
                let value = rocksdb_iter_value(iterator, &raw mut length);
                seen = (
                    seen.0 + 1,
                    seen.1 + touch(std::slice::from_raw_parts(value, length)),
                );
                rocksdb_iter_next(iterator);
            }
            rocksdb_iter_destroy(iterator);
        }
        Ok(seen)
    }
}
