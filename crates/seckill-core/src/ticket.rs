//! Tickets: what a passed CAPTCHA or a login hands out, made and checked without keeping anything.
//!
//! A ticket is `<expiry-ms>.<tier>.<mac>`; the mac is the base64url of HMAC-SHA256 (RFC 2104, RFC 4648 section 5)
//! over `<expiry-ms>.<tier>.<length of user in bytes>.` and the bytes of user and sale.

use base64::Engine;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::time::Timestamp;

/// The highest tier; tier 0 is everybody.
pub const TIER_MAX: u32 = 1_000_000;
/// Bytes of a ticket at most: expiry, tier, mac and dots, with room for padding.
pub const TICKET_BYTES_MAX: usize = 128;
/// Bytes of a mac.
const MAC_BYTES: usize = 32;

/// Takes a mac with padding and without.
const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a ticket does not admit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadTicket {
    /// There is none.
    Missing,
    /// Nobody who knows the secret made it for this user and this sale.
    Forged,
    /// It was good until its time was over.
    Stale,
}

impl BadTicket {
    /// The word in replies.
    pub fn word(self) -> &'static str {
        match self {
            BadTicket::Missing => "MISSING",
            BadTicket::Forged => "FORGED",
            BadTicket::Stale => "STALE",
        }
    }
}

/// A secret, ready to make and to check tickets.
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// The secret of these bytes; `None` if there are none.
    pub fn new(bytes: &[u8]) -> Option<Secret> {
        let keyed = Hmac::new_from_slice(bytes).ok();
        keyed.filter(|_| !bytes.is_empty()).map(Secret)
    }

    /// A ticket of a user for a sale, good before `expiry`.
    pub fn issue(&self, sale: &[u8], user: &[u8], expiry: Timestamp, tier: u32) -> String {
        let terms = format!("{}.{tier}", expiry.0);
        let mac = self.mac(terms.as_bytes(), sale, user).finalize().into_bytes();
        format!("{terms}.{}", URL_SAFE_NO_PAD.encode(mac))
    }

    fn signed(&self, ticket: &Parts<'_>, sale: &[u8], user: &[u8]) -> bool {
        // The comparison takes the same time whatever differs.
        self.mac(ticket.terms, sale, user).verify_slice(&ticket.mac).is_ok()
    }

    fn mac(&self, terms: &[u8], sale: &[u8], user: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(terms);
        mac.update(format!(".{}.", user.len()).as_bytes());
        mac.update(user);
        mac.update(sale);
        mac
    }
}

/// The tier that a ticket gives a user of a sale. Any of the secrets may have made it.
///
/// # Errors
/// [`BadTicket`] if it admits nobody, or somebody else.
pub fn check<'a>(
    secrets: impl IntoIterator<Item = &'a Secret>,
    ticket: Option<&[u8]>,
    sale: &[u8],
    user: &[u8],
    now: Timestamp,
) -> Result<u32, BadTicket> {
    let parts = Parts::of(ticket.ok_or(BadTicket::Missing)?).ok_or(BadTicket::Forged)?;
    if !secrets.into_iter().any(|secret| secret.signed(&parts, sale, user)) {
        return Err(BadTicket::Forged);
    }
    if now < parts.expiry { Ok(parts.tier) } else { Err(BadTicket::Stale) }
}

/// A ticket taken apart.
struct Parts<'a> {
    /// What was signed before the user: expiry and tier as they are written.
    terms: &'a [u8],
    expiry: Timestamp,
    tier: u32,
    mac: [u8; MAC_BYTES],
}

impl<'a> Parts<'a> {
    fn of(ticket: &'a [u8]) -> Option<Parts<'a>> {
        if ticket.len() > TICKET_BYTES_MAX {
            return None;
        }
        let dot = ticket.iter().rposition(|byte| *byte == b'.')?;
        let (terms, mac) = (ticket.get(..dot)?, ticket.get(dot + 1..)?);
        let (expiry, tier) = std::str::from_utf8(terms).ok()?.split_once('.')?;
        let tier = u32::try_from(decimal(tier)?).ok().filter(|tier| *tier <= TIER_MAX)?;
        let mac = BASE64URL.decode(mac).ok()?.try_into().ok()?;
        Some(Parts { terms, expiry: Timestamp(decimal(expiry)?), tier, mac })
    }
}

/// A number in its one decimal form.
fn decimal(text: &str) -> Option<u64> {
    let plain = text == "0" || text.starts_with(|digit: char| ('1'..='9').contains(&digit));
    if plain { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    fn secret(text: &[u8]) -> Secret {
        Secret::new(text).expect("a secret")
    }

    fn checked(
        secrets: &[Secret],
        ticket: &str,
        sale: &[u8],
        user: &[u8],
        now: u64,
    ) -> Result<u32, BadTicket> {
        check(secrets, Some(ticket.as_bytes()), sale, user, Timestamp(now))
    }

    /// Made with another implementation; docs/concepts/tickets.md has them too.
    #[test]
    fn tickets_are_what_every_language_makes() {
        type Vector = (&'static [u8], &'static [u8], &'static [u8], u64, u32, &'static str);
        let vectors: [Vector; 4] = [
            (
                b"secret",
                b"phone",
                b"alice",
                1800000000000,
                0,
                "1800000000000.0.Q-jK8kOFu6k9Ii-JL7ekeDcVRs4BbJjXe80hOK8PH3c",
            ),
            (
                b"secret",
                b"phone",
                b"alice",
                1800000000000,
                3,
                "1800000000000.3.oLsOJ38xqC1ieRqmVFUJ119Vj4OAYJfIHeaGFfhSTe4",
            ),
            (
                b"another secret of some length, more than one block of sixty-four bytes of it",
                b"{item}#1",
                b"\x00\xff user",
                1,
                1000000,
                "1.1000000.8X2i08KJH_17esiUy5fPY4DqVrLdBUioQNEchmazE5E",
            ),
            (
                b"\xe7\xa7\x92\xe6\x9d\x80",
                b"\xe6\x89\x8b\xe6\x9c\xba",
                b"\xe5\xb0\x8f\xe6\x98\x8e",
                9007199254740992,
                2,
                "9007199254740992.2.2Ur2yoYlGBgfBgd0oKZtvfEa0Gzyz_GXcMq6kCJFxQ0",
            ),
        ];
        for (key, sale, user, expiry, tier, ticket) in vectors {
            let secret = secret(key);
            assert_eq!(secret.issue(sale, user, Timestamp(expiry), tier), ticket);
            assert_eq!(checked(std::slice::from_ref(&secret), ticket, sale, user, expiry - 1), Ok(tier));
            assert_eq!(
                checked(std::slice::from_ref(&secret), &format!("{ticket}="), sale, user, 0),
                Ok(tier)
            );
            assert_eq!(checked(&[secret], ticket, sale, user, expiry), Err(BadTicket::Stale));
        }
    }

    #[test]
    fn a_ticket_is_for_one_user_of_one_sale() {
        let secret = [secret(b"s")];
        let ticket = secret[0].issue(b"phone", b"alice", Timestamp(2_000), 1);
        for (sale, user) in
            [(&b"phon"[..], &b"alicee"[..]), (b"phone", b"alic"), (b"ephone", b"alic"), (b"", b"alicephone")]
        {
            assert_eq!(checked(&secret, &ticket, sale, user, 1_000), Err(BadTicket::Forged));
        }
    }

    #[test]
    fn a_changed_byte_is_forged() {
        let secret = [secret(b"s")];
        let ticket = secret[0].issue(b"phone", b"alice", Timestamp(2_000), 1);
        // The last digit of the mac has bits that say nothing; they must be 0.
        for at in 0..ticket.len() {
            for byte in [b'0', b'A', b'.', b'-', b'=', 0, 0xff] {
                let mut changed = ticket.clone().into_bytes();
                if changed[at] != byte {
                    changed[at] = byte;
                    let result = check(&secret, Some(&changed), b"phone", b"alice", NOW);
                    assert_eq!(result, Err(BadTicket::Forged), "{}", changed.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn what_is_no_ticket_is_forged_and_none_is_missing() {
        let secret = [secret(b"s")];
        assert_eq!(check(&secret, None, b"p", b"u", NOW), Err(BadTicket::Missing));
        for text in ["", ".", "..", "1.2", "1.2.", "1.2.3", "01.0.AAAA", "-1.0.AAAA", "1.1000001.AAAA"] {
            assert_eq!(checked(&secret, text, b"p", b"u", 0), Err(BadTicket::Forged), "{text}");
        }
    }

    #[test]
    fn while_a_secret_is_changed_both_are_good() {
        let (new, old, other) = (secret(b"new"), secret(b"old"), secret(b"other"));
        let ticket = old.issue(b"p", b"u", Timestamp(2_000), 0);
        assert_eq!(checked(&[new.clone(), old], &ticket, b"p", b"u", 0), Ok(0));
        assert_eq!(checked(&[new, other], &ticket, b"p", b"u", 0), Err(BadTicket::Forged));
        assert!(Secret::new(b"").is_none());
    }
}
