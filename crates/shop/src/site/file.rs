//! A file, packed once.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// How long others may keep a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cache {
    /// Its name changes with its content.
    Forever,
    /// They ask each time whether it has changed.
    Check,
}

impl Cache {
    /// The value of `Cache-Control`.
    pub fn control(self) -> &'static str {
        match self {
            Cache::Forever => "public, max-age=31536000, immutable",
            Cache::Check => "public, no-cache",
        }
    }
}

/// How a body is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Plain,
    /// As `br`.
    Brotli,
    /// As `gzip`.
    Gzip,
}

impl Coding {
    /// The value of `Content-Encoding`, if there is one.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Coding::Plain => None,
            Coding::Brotli => Some("br"),
            Coding::Gzip => Some("gzip"),
        }
    }
}

/// A file in all packings.
#[derive(Clone, Debug)]
pub struct File {
    /// The media type.
    pub kind: &'static str,
    /// How long it may be kept.
    pub cache: Cache,
    /// As it is.
    pub plain: Bytes,
    /// Packed, where that makes it smaller.
    pub brotli: Option<Bytes>,
    /// Packed, where that makes it smaller.
    pub gzip: Option<Bytes>,
    /// The beginning of the content's hash.
    pub hash: String,
    /// The entity tag, without its quotes; each packing adds its name.
    pub etag: String,
}

impl File {
    /// Packs a file.
    pub fn pack(kind: &'static str, cache: Cache, plain: &[u8]) -> File {
        let digest = Sha256::digest(plain);
        let hash = URL_SAFE_NO_PAD.encode(digest.get(..9).unwrap_or_default());
        let is_text = kind.starts_with("text/") || kind.ends_with("+xml") || kind.ends_with("json");
        let smaller = |packed: Vec<u8>| (is_text && packed.len() < plain.len()).then(|| Bytes::from(packed));
        File {
            kind,
            cache,
            plain: Bytes::copy_from_slice(plain),
            brotli: brotli(plain).and_then(smaller),
            gzip: gzip(plain).and_then(smaller),
            etag: hash.clone(),
            hash,
        }
    }

    /// The smallest body that a client understands, by its `Accept-Encoding`.
    pub fn body(&self, accepted: &str) -> (Coding, &Bytes) {
        if let Some(packed) = self.brotli.as_ref().filter(|_| accepts(accepted, "br")) {
            return (Coding::Brotli, packed);
        }
        match self.gzip.as_ref().filter(|_| accepts(accepted, "gzip")) {
            Some(packed) => (Coding::Gzip, packed),
            None => (Coding::Plain, &self.plain),
        }
    }

    /// The entity tag of a packing, with its quotes.
    pub fn tag(&self, coding: Coding) -> String {
        match coding.name() {
            Some(name) => format!("\"{}-{name}\"", self.etag),
            None => format!("\"{}\"", self.etag),
        }
    }

    /// Whether a client has it already, by its `If-None-Match`; any packing will do.
    pub fn is_known(&self, if_none_match: &str) -> bool {
        if_none_match.split(',').map(str::trim).any(|tag| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag);
            tag == "*"
                || [Coding::Plain, Coding::Brotli, Coding::Gzip]
                    .into_iter()
                    .any(|coding| tag == self.tag(coding))
        })
    }
}

/// Whether `Accept-Encoding` names a coding with a weight above 0.
fn accepts(header: &str, coding: &str) -> bool {
    header.split(',').any(|part| {
        let mut words = part.split(';').map(str::trim);
        let is_named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding) || name == "*");
        let weight = words.find_map(|word| word.strip_prefix("q=")?.parse::<f32>().ok());
        is_named && weight.unwrap_or(1.0) > 0.0
    })
}

fn brotli(plain: &[u8]) -> Option<Vec<u8>> {
    let mut packed = Vec::new();
    let settings = brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 20, ..Default::default() };
    brotli::BrotliCompress(&mut &plain[..], &mut packed, &settings).ok().map(|_| packed)
}

fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(plain).ok()?;
    packer.finish().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_smallest_body_it_understands() {
        let file = File::pack("text/css", Cache::Forever, "a {}\n".repeat(100).as_bytes());
        let coding = |accepted: &str| file.body(accepted).0;
        assert_eq!(coding("gzip, deflate, br"), Coding::Brotli);
        assert_eq!(coding("gzip, br;q=0"), Coding::Gzip);
        assert_eq!(coding("*"), Coding::Brotli);
        assert_eq!(coding("deflate"), Coding::Plain);
        assert_eq!(File::pack("text/css", Cache::Check, b"a").body("br").0, Coding::Plain);
        assert_eq!(File::pack("image/png", Cache::Check, &[0; 999]).body("br").0, Coding::Plain);
    }

    #[test]
    fn a_client_that_has_it_in_any_packing_has_it() {
        let file = File::pack("text/css", Cache::Check, &b"a".repeat(99));
        for tag in [file.tag(Coding::Brotli), format!("W/{}", file.tag(Coding::Gzip)), "\"x\", *".to_owned()]
        {
            assert!(file.is_known(&tag), "{tag}");
        }
        assert!(!file.is_known("\"x\"") && !file.is_known(""));
    }
}
