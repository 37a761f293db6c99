//! The footer of a DUMP, so that a damaged payload gets as far as the module's own checks.

/// The polynomial that Redis uses, reflected.
const JONES_REFLECTED: u64 = 0x95ac_9329_ac4b_c9b5;

/// CRC-64 of Redis: reflected, from 0, without a final xor.
pub fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |crc, byte| {
        let mut crc = crc ^ u64::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ JONES_REFLECTED } else { crc >> 1 };
        }
        crc
    })
}

/// The payload with a footer that is right for it; `version` are the two bytes of the format's version.
pub fn sealed(body: &[u8], version: [u8; 2]) -> Vec<u8> {
    let mut payload = body.to_vec();
    payload.extend_from_slice(&version);
    let crc = crc64(&payload);
    payload.extend_from_slice(&crc.to_le_bytes());
    payload
}

/// Body and version of a DUMP.
pub fn opened(dump: &[u8]) -> (Vec<u8>, [u8; 2]) {
    let (body, footer) = dump.split_at(dump.len() - 10);
    (body.to_vec(), [footer[0], footer[1]])
}

#[test]
fn the_checksum_is_the_one_of_the_server() {
    assert_eq!(crc64(b"123456789"), 0xe9c6_d914_c4b8_d9ca);
}
