//! Numbers and strings as bytes.

use super::{Kind, VERSION};

/// A payload that was not written by this codec, or damaged since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrupt(pub &'static str);

/// Writes a payload.
pub(super) struct Writer<'a>(pub(super) &'a mut Vec<u8>);

impl Writer<'_> {
    pub(super) fn begin(&mut self, kind: Kind) {
        self.0.extend_from_slice(&[VERSION, kind as u8]);
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    /// Zigzag: small numbers of either sign stay short.
    pub(super) fn signed(&mut self, number: i64) {
        self.number(((number << 1) ^ (number >> 63)) as u64);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }
}

/// Reads a payload.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads version and kind.
    pub(super) fn begin(payload: &'a [u8]) -> Result<(u8, Reader<'a>), Corrupt> {
        match payload {
            [VERSION, kind, rest @ ..] => Ok((*kind, Reader(rest))),
            [_, _, ..] => Err(Corrupt("a version that this module does not know")),
            _ => Err(Corrupt("too short")),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(self) -> Result<(), Corrupt> {
        if self.is_empty() { Ok(()) } else { Err(Corrupt("too long")) }
    }

    pub(super) fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, rest) = self.0.split_first().ok_or(Corrupt("too short"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Corrupt("a number too large"))
    }

    pub(super) fn small(&mut self) -> Result<u32, Corrupt> {
        u32::try_from(self.number()?).map_err(|_| Corrupt("a number too large"))
    }

    pub(super) fn signed(&mut self) -> Result<i64, Corrupt> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], Corrupt> {
        let len = usize::try_from(self.number()?).map_err(|_| Corrupt("too short"))?;
        let (bytes, rest) = self.0.split_at_checked(len).ok_or(Corrupt("too short"))?;
        self.0 = rest;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 127, 128, 300, 1 << 32, u64::MAX >> 1, u64::MAX];
        let mut buffer = Vec::new();
        let mut writer = Writer(&mut buffer);
        numbers.iter().for_each(|n| writer.number(*n));
        [0, -1, 1, i64::MIN, i64::MAX].iter().for_each(|n| writer.signed(*n));
        let mut reader = Reader(&buffer);
        assert!(numbers.iter().all(|n| reader.number() == Ok(*n)));
        assert!([0, -1, 1, i64::MIN, i64::MAX].iter().all(|n| reader.signed() == Ok(*n)));
        assert!(reader.is_empty());
    }

    #[test]
    fn a_number_beyond_64_bits_is_refused() {
        let mut reader = Reader(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]);
        assert!(reader.number().is_err());
    }
}
