use super::*;
use proptest::prelude::*;

/// More than a decoder holds that has seen a few thousand bytes.
const LITTLE: usize = 64 * 1024;

fn encode(payloads: &[Vec<u8>]) -> Vec<u8> {
    let mut buffer = Vec::new();
    for payload in payloads {
        append::<FrameError>(&mut buffer, usize::MAX, |out| {
            out.extend_from_slice(payload);
            Ok(())
        })
        .expect("there is no limit");
    }
    buffer
}

fn decode_all(decoder: &mut Decoder) -> Result<Vec<Vec<u8>>, FrameError> {
    let mut found = Vec::new();
    while let Some(payload) = decoder.next_frame()? {
        found.push(payload.to_vec());
    }
    Ok(found)
}

/// The format of version 1. CRC32C of `03 00 00 00 61 62 63` was computed with another program.
#[test]
fn the_bytes_of_a_frame_are_these() {
    assert_eq!(encode(&[b"abc".to_vec()]), b"\x03\x00\x00\x00\xf8\x83\x14\x55abc");
    assert_eq!(encode(&[Vec::new()]), b"\x00\x00\x00\x00\xc7\x4b\x67\x48");
}

#[test]
fn a_frame_over_the_limit_is_refused_by_its_header() {
    let mut decoder = Decoder::new(100);
    decoder.feed(&101_u32.to_le_bytes());
    assert_eq!(decoder.next_frame(), Ok(None));
    decoder.feed(&[0; 4]);
    let refused = FrameError::TooLong { length: 101, limit: 100 };
    assert_eq!(decoder.next_frame(), Err(refused));
    assert_eq!(decoder.next_frame(), Err(refused));
    let text = refused.to_string();
    assert!(text.contains("101 bytes") && text.contains("limit of 100 bytes"), "{text}");
}

#[test]
fn a_payload_over_the_limit_leaves_the_buffer_as_it_was() {
    let mut buffer = b"before".to_vec();
    let fill = |count: usize| {
        move |out: &mut Vec<u8>| {
            out.extend(std::iter::repeat_n(7, count));
            Ok(())
        }
    };
    let refused: Result<(), FrameError> = append(&mut buffer, 10, fill(11));
    assert_eq!(refused, Err(FrameError::TooLong { length: 11, limit: 10 }));
    assert_eq!(buffer, b"before");
    let taken: Result<(), FrameError> = append(&mut buffer, 10, fill(10));
    assert_eq!((taken, buffer.len()), (Ok(()), 6 + HEADER + 10));
}

#[test]
fn a_claimed_length_reserves_nothing() {
    let mut decoder = Decoder::new(usize::MAX);
    decoder.feed(&u32::MAX.to_le_bytes());
    decoder.feed(&[0; 1000]);
    assert_eq!(decoder.next_frame(), Ok(None));
    assert!(decoder.capacity() <= LITTLE, "{}", decoder.capacity());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let good = encode(&[b"some payload".to_vec()]);
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let mut decoder = Decoder::new(1000);
        decoder.feed(&bad);
        // A greater length that is still allowed waits for bytes that do not come.
        let outcome = decode_all(&mut decoder);
        let waits = bit < 32 && outcome == Ok(Vec::new());
        assert!(outcome.is_err() || waits, "bit {bit}: {outcome:?}");
    }
}

proptest! {
    #![proptest_config(crate::fixed())]

    #[test]
    fn however_the_stream_is_cut_the_frames_are_the_same(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20),
        cuts in prop::collection::vec(1_usize..500, 1..20),
    ) {
        let bytes = encode(&payloads);
        let mut decoder = Decoder::new(300);
        let (mut found, mut rest, mut cuts) = (Vec::new(), &bytes[..], cuts.iter().cycle());
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(*cuts.next().expect("endless")));
            decoder.feed(now);
            found.extend(decode_all(&mut decoder).expect("the frames are whole"));
            rest = later;
        }
        prop_assert_eq!(found, payloads);
    }

    #[test]
    fn bytes_of_any_kind_are_frames_or_an_error(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        limit in 0_usize..3000,
    ) {
        let mut decoder = Decoder::new(limit);
        let mut stream = &bytes[..];
        while decoder.read_from(&mut stream).expect("a slice has no errors") > 0 {
            if let Ok(frames) = decode_all(&mut decoder) {
                prop_assert!(frames.iter().all(|frame| frame.len() <= limit));
            }
            prop_assert!(decoder.capacity() <= LITTLE);
        }
    }
}
