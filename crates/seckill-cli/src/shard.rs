//! One item as several sales: their keys, and which of them a user belongs to.
//!
//! The rule is published, and so never changes: any language must come to the same shard,
//! or a user would have a quota at each of them.

use crate::Verdict;
use crate::args::Route;

/// `seckill route`: a line for each user, with the shard and the sale's key.
pub fn route(options: &Route) -> Verdict {
    for user in &options.users {
        let shard = of_user(user.as_bytes(), usize::from(options.shards));
        println!("{user}\t{shard}\t{}", sale(&options.item, shard));
    }
    Verdict::Good
}

/// The key of an item's shard, counted from 0: all that belongs to it has the same hash tag.
pub fn sale(item: &str, shard: usize) -> String {
    format!("{{{item}#{shard}}}")
}

/// The shard of a user, from 0 to `shards - 1`: CRC-32 of the user's bytes, modulo the number of shards.
///
/// Zero shards count as one.
pub fn of_user(user: &[u8], shards: usize) -> usize {
    let shards = u32::try_from(shards.max(1)).unwrap_or(u32::MAX);
    (crc32(user) % shards) as usize
}

/// CRC-32 as in zlib, PNG and Ethernet, which most languages have in their standard library.
fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL_REFLECTED: u32 = 0xEDB8_8320;
    let step = |crc: u32| if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL_REFLECTED } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!((crc32(b""), crc32(b"123456789")), (0, 0xCBF4_3926));
        assert_eq!(crc32(b"The quick brown fox jumps over the lazy dog"), 0x414F_A339);
    }

    #[test]
    fn a_key_is_its_own_hash_tag() {
        assert_eq!(sale("phone", 12), "{phone#12}");
    }

    /// Rows like `| alice | 3 | 2 | 9 | … |`: a user, and the shard of 3, 16 and 64.
    #[test]
    fn the_documented_users_are_routed_as_documented() {
        let page = include_str!("../../../docs/operating/scaling.md");
        let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
        let mut seen = 0;
        for row in rows.filter(|row| row.contains("` | `0x")) {
            let cells: Vec<&str> = row.split(" | ").map(|cell| cell.trim_matches('`')).collect();
            let [user, crc, three, sixteen, sixty_four] = cells[..] else { panic!("{row} has other cells") };
            assert_eq!(crc, format!("0x{:08x}", crc32(user.as_bytes())), "{user}");
            let routed = [3, 16, 64].map(|shards| of_user(user.as_bytes(), shards).to_string());
            assert_eq!([three, sixteen, sixty_four], routed.each_ref().map(String::as_str), "{user}");
            seen += 1;
        }
        assert!(seen >= 5, "{seen} rows of users in the page");
    }

    #[test]
    fn ordinary_users_spread_evenly() {
        type Name = fn(u32) -> String;
        let names: [Name; 3] = [
            |n| n.to_string(),
            |n| format!("user-{n:08}"),
            |n| format!("{:08x}", n.wrapping_mul(0x9E37_79B1)),
        ];
        for name in names {
            for shards in [2, 3, 7, 16, 64] {
                let mut counts = vec![0_u32; shards];
                (0..64_000).for_each(|n| counts[of_user(name(n).as_bytes(), shards)] += 1);
                let mean = 64_000.0 / shards as f64;
                // Five standard deviations of a fair draw.
                let room = 5.0 * mean.sqrt();
                let is_fair = |count: &u32| (f64::from(*count) - mean).abs() <= room;
                assert!(counts.iter().all(is_fair), "{} over {shards}: {counts:?}", name(1));
            }
        }
    }
}
