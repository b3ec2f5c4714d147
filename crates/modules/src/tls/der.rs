//! DER, as far as requests and certificates have to be taken apart to be compared.

/// The first element: whole, and what is inside of it.
pub(super) fn element(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let first = usize::from(*der.get(1)?);
    let (begin, length) = if first < 0x80 {
        (2, first)
    } else {
        let digits = der.get(2..2 + (first & 0x7f))?;
        (2 + digits.len(), digits.iter().fold(0usize, |length, digit| (length << 8) | usize::from(*digit)))
    };
    Some((der.get(..begin.checked_add(length)?)?, der.get(begin..begin + length)?))
}

/// What is inside of an element, element by element.
pub(super) fn inside(der: &[u8]) -> Vec<&[u8]> {
    let mut rest = element(der).map(|(_, inner)| inner).unwrap_or_default();
    let mut found = Vec::new();
    while let Some((whole, _)) = element(rest) {
        found.push(whole);
        rest = &rest[whole.len()..];
    }
    found
}

/// What a request asks for: the first element inside of it, without the signature that follows.
pub(super) fn asked(der: &[u8]) -> Option<&[u8]> {
    element(element(der)?.1).map(|(whole, _)| whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_taken_apart_and_cut_ones_are_none() {
        let der = [0x30, 0x07, 0x02, 0x01, 0x05, 0x04, 0x02, 0xaa, 0xbb, 0xff];
        assert_eq!(inside(&der), [&[0x02, 0x01, 0x05][..], &[0x04, 0x02, 0xaa, 0xbb]]);
        assert_eq!(asked(&der), Some(&[0x02, 0x01, 0x05][..]));
        let long = [&[0x04, 0x81, 0x80][..], &[7; 0x80]].concat();
        assert_eq!(element(&long).map(|(_, inner)| inner.len()), Some(0x80));
        assert_eq!(element(&long[..10]), None);
        assert!(inside(&[0x30]).is_empty());
    }
}
