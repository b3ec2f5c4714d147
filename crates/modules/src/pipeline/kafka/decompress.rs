//! Unpacks batches of records, whichever way their producer packed them.

use std::io::Read;

use bytes::Bytes;
use kafka_protocol::records::Compression;

/// Largest batch that is unpacked; brokers accept 1 MiB unless told otherwise.
const LARGEST: u64 = 256 << 20;

/// The plain bytes of a batch, or what is wrong with it.
pub(super) fn decompress(packed: &Bytes, compression: Compression) -> Result<Bytes, String> {
    match compression {
        Compression::None => Ok(packed.clone()),
        Compression::Gzip => all(flate2::read::GzDecoder::new(packed.as_ref())),
        Compression::Lz4 => all(lz4_flex::frame::FrameDecoder::new(packed.as_ref())),
        Compression::Zstd => {
            all(ruzstd::decoding::StreamingDecoder::new(packed.as_ref()).map_err(|error| error.to_string())?)
        }
        Compression::Snappy => snappy(packed),
    }
}

fn all(packed: impl Read) -> Result<Bytes, String> {
    let mut plain = Vec::new();
    packed.take(LARGEST).read_to_end(&mut plain).map_err(|error| error.to_string())?;
    Ok(plain.into())
}

/// Java's clients pack in blocks behind a head of their own; others pack one plain block.
fn snappy(packed: &[u8]) -> Result<Bytes, String> {
    const JAVAS_HEAD: &[u8] = b"\x82SNAPPY\0";
    let mut decoder = snap::raw::Decoder::new();
    let Some(blocks) = packed.strip_prefix(JAVAS_HEAD) else {
        return decoder.decompress_vec(packed).map(Bytes::from).map_err(|error| error.to_string());
    };
    // Two versions of four bytes follow the head.
    let mut blocks = blocks.get(8..).ok_or("snappy: the head is cut")?;
    let mut plain = Vec::new();
    while let Some((length, rest)) = blocks.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        let block = rest.get(..length).ok_or("snappy: a block is cut")?;
        plain.extend(decoder.decompress_vec(block).map_err(|error| error.to_string())?);
        blocks = &rest[length..];
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn what_was_packed_comes_out_again() {
        let plain = b"logs logs logs".repeat(20);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
        lz4.write_all(&plain).unwrap();
        let zstd = ruzstd::encoding::compress_to_vec(plain.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        let block = snap::raw::Encoder::new().compress_vec(&plain).unwrap();
        let length = u32::try_from(block.len()).unwrap().to_be_bytes();
        let javas = [b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".as_slice(), &length, &block].concat();
        for (packed, compression) in [
            (gzip.finish().unwrap(), Compression::Gzip),
            (lz4.finish().unwrap(), Compression::Lz4),
            (zstd, Compression::Zstd),
            (block, Compression::Snappy),
            (javas, Compression::Snappy),
            (plain.clone(), Compression::None),
        ] {
            assert_eq!(decompress(&packed.into(), compression).unwrap(), plain, "{compression:?}");
        }
    }

    #[test]
    fn a_cut_batch_is_an_error() {
        for compression in [Compression::Gzip, Compression::Lz4, Compression::Zstd, Compression::Snappy] {
            assert!(decompress(&Bytes::from_static(b"\x82SNAPPY\0\0\0"), compression).is_err(), "{compression:?}");
        }
    }
}
