//! What a server wrote to its append-only file: the commands that crossed the wire.

use super::server::Server;
use super::words::pack;
use redis::{Parser, Value};
use std::path::PathBuf;

/// One command as it was written.
pub type Entry = Vec<Vec<u8>>;

/// The files of commands since the last rewrite, oldest first.
fn increments(server: &Server) -> Vec<PathBuf> {
    let folder = server.folder().join("appendonlydir");
    let entries = std::fs::read_dir(&folder).expect("a folder of append-only files");
    let paths = entries.map(|entry| entry.expect("a folder entry").path());
    let mut paths: Vec<PathBuf> =
        paths.filter(|path| path.to_string_lossy().ends_with(".incr.aof")).collect();
    paths.sort_by_key(|path| (path.to_string_lossy().len(), path.clone()));
    paths
}

/// Bytes of commands since the last rewrite.
pub fn size(server: &Server) -> u64 {
    increments(server).iter().map(|path| path.metadata().expect("a file").len()).sum()
}

/// The commands since the last rewrite, without those that choose a database or frame a transaction.
pub fn entries(server: &Server) -> Vec<Entry> {
    let frames = ["SELECT", "MULTI", "EXEC"];
    let mut entries = raw_entries(server);
    entries.retain(|entry| !frames.contains(&name(entry).as_str()));
    entries
}

/// The commands since the last rewrite.
pub fn raw_entries(server: &Server) -> Vec<Entry> {
    let read = |path: &PathBuf| std::fs::read(path).expect("a readable file");
    increments(server).iter().map(read).flat_map(|bytes| decode(&bytes)).collect()
}

fn decode(bytes: &[u8]) -> Vec<Entry> {
    let mut rest = bytes;
    let mut parser = Parser::new();
    let mut entries = Vec::new();
    while let Ok(Value::Array(words)) = parser.parse_value(&mut rest) {
        entries.push(words.into_iter().map(bytes_of).collect());
    }
    entries
}

fn bytes_of(word: Value) -> Vec<u8> {
    match word {
        Value::BulkString(bytes) => bytes,
        other => panic!("a command's word is bytes, not {other:?}"),
    }
}

/// The command's name in capitals.
pub fn name(entry: &Entry) -> String {
    String::from_utf8_lossy(&entry[0]).to_uppercase()
}

/// The names of all commands written, in order.
pub fn names(server: &Server) -> Vec<String> {
    entries(server).iter().map(name).collect()
}

/// Keeps only the first `bytes` of the newest file, as a power cut may.
pub fn cut(server: &Server, bytes: u64) {
    let path = increments(server).pop().expect("a file of commands");
    let file = std::fs::OpenOptions::new().write(true).open(path).expect("a writable file");
    file.set_len(bytes).expect("the file can be cut");
}

/// Writes other commands in place of those of the newest file.
pub fn replace(server: &Server, entries: &[Entry]) {
    let path = increments(server).pop().expect("a file of commands");
    let bytes: Vec<u8> = entries.iter().flat_map(pack).collect();
    std::fs::write(path, bytes).expect("a writable file");
}
