//! Cluster slots, and the stream that belongs to a sale.

/// Slots of a cluster.
const SLOTS: u16 = 16384;

/// The slot of a key.
pub fn of(key: &[u8]) -> u16 {
    crc16(tag(key).unwrap_or(key)) % SLOTS
}

/// The stream of a sale that names none: in the sale's slot.
pub fn default_stream(sale: &[u8]) -> Vec<u8> {
    match tag(sale) {
        Some(_) => [sale, b":orders"].concat(),
        None => [b"{", sale, b"}:orders"].concat(),
    }
}

/// What stands between the first brace and the next closing one, if anything does.
fn tag(key: &[u8]) -> Option<&[u8]> {
    let open = key.iter().position(|byte| *byte == b'{')?;
    let inside = key.get(open + 1..)?;
    let close = inside.iter().position(|byte| *byte == b'}')?;
    inside.get(..close).filter(|tag| !tag.is_empty())
}

/// CRC-16/XMODEM, as the cluster specification has it.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0u16, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte) << 8,
            |crc, _| {
                if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
            },
        )
    })
}
