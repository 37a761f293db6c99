//! A command as words, from a line as one types it into `redis-cli`, or from bytes.

/// What can be sent as a command.
pub trait Words {
    fn words(&self) -> Vec<Vec<u8>>;
}

impl Words for str {
    fn words(&self) -> Vec<Vec<u8>> {
        split(self)
    }
}

impl Words for String {
    fn words(&self) -> Vec<Vec<u8>> {
        split(self)
    }
}

impl<T: AsRef<[u8]>> Words for [T] {
    fn words(&self) -> Vec<Vec<u8>> {
        self.iter().map(|word| word.as_ref().to_vec()).collect()
    }
}

impl<T: AsRef<[u8]>> Words for Vec<T> {
    fn words(&self) -> Vec<Vec<u8>> {
        self.as_slice().words()
    }
}

impl<T: AsRef<[u8]>, const N: usize> Words for [T; N] {
    fn words(&self) -> Vec<Vec<u8>> {
        self.as_slice().words()
    }
}

/// The bytes that carry a command to the server.
pub fn pack(command: &(impl Words + ?Sized)) -> Vec<u8> {
    let words = command.words();
    let mut packed = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        packed.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        packed.extend_from_slice(&word);
        packed.extend_from_slice(b"\r\n");
    }
    packed
}

/// The line and more bytes after it.
pub fn with(line: &str, more: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut words = split(line);
    words.extend(more.iter().map(|word| word.to_vec()));
    words
}

/// Splits at blanks; `"…"` with `\xHH`, `\n`, `\r`, `\t`, `\"`, `\\`, and `'…'` keep them.
pub fn split(line: &str) -> Vec<Vec<u8>> {
    let mut chars = line.bytes().peekable();
    let mut words = Vec::new();
    loop {
        while chars.next_if(u8::is_ascii_whitespace).is_some() {}
        match chars.peek() {
            None => return words,
            Some(_) => words.push(word(&mut chars)),
        }
    }
}

type Bytes<'a> = std::iter::Peekable<std::str::Bytes<'a>>;

fn word(chars: &mut Bytes) -> Vec<u8> {
    let mut word = Vec::new();
    while let Some(byte) = chars.next_if(|byte| !byte.is_ascii_whitespace()) {
        match byte {
            b'"' => quoted(chars, &mut word),
            b'\'' => word.extend(chars.by_ref().take_while(|byte| *byte != b'\'')),
            _ => word.push(byte),
        }
    }
    word
}

fn quoted(chars: &mut Bytes, word: &mut Vec<u8>) {
    while let Some(byte) = chars.next() {
        match byte {
            b'"' => return,
            b'\\' => word.push(escaped(chars)),
            _ => word.push(byte),
        }
    }
}

fn escaped(chars: &mut Bytes) -> u8 {
    match chars.next() {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'x') => {
            let digits: Vec<u8> = chars.by_ref().take(2).collect();
            let digits = std::str::from_utf8(&digits).expect("two hexadecimal digits after \\x");
            u8::from_str_radix(digits, 16).expect("two hexadecimal digits after \\x")
        }
        Some(other) => other,
        None => b'\\',
    }
}

#[test]
fn a_line_is_split_as_the_command_line_client_does() {
    let expected: [&[u8]; 5] = [b"SET", b"a b", b"\x00\xff\"", b"c d", b""];
    assert_eq!(split(r#" SET "a b"  "\x00\xff\"" 'c d' "" "#), expected);
}
