//! A quick 64-bit digest of bytes. Equal digests only suggest equal bytes: whoever uses them compares what counts.

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
const WORD_BYTES: usize = 8;

/// Digests `bytes` under `seed`.
pub(crate) fn digest(seed: u64, bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<WORD_BYTES>();
    let mut state = seed;
    for word in words {
        state = mix(state, u64::from_le_bytes(*word));
    }
    let mut last = [0; WORD_BYTES];
    last[..rest.len()].copy_from_slice(rest);
    state = mix(state, u64::from_le_bytes(last));
    mix(state, bytes.len() as u64)
}

/// Digests one word under `state`.
pub(crate) fn mix(state: u64, word: u64) -> u64 {
    let product = u128::from(state ^ word ^ FACTOR) * u128::from(FACTOR);
    #[expect(clippy::cast_possible_truncation, reason = "both halves are used")]
    let (low, high) = (product as u64, (product >> 64) as u64);
    (low ^ high).rotate_left(23)
}
