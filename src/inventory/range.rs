//! Names that stand for several hosts, `web[01:20].example`, and the port behind a name, `db1:2222`, `[::1]:22`.

/// The names a pattern stands for, and the port behind it; the error says what is wrong.
pub(crate) fn expand(pattern: &str) -> Result<(Vec<String>, Option<u16>), String> {
    let (name, port) = split_port(pattern)?;
    Ok((names(name)?, port))
}

/// Parts a name or an address from the port behind it.
pub(crate) fn split_port(pattern: &str) -> Result<(&str, Option<u16>), String> {
    if let Some((address, rest)) = pattern.strip_prefix('[').and_then(|rest| rest.split_once(']'))
        && is_address(address)
    {
        return match rest.strip_prefix(':') {
            Some(port) => Ok((address, Some(parse_port(port)?))),
            None if rest.is_empty() => Ok((address, None)),
            None => Err(format!("`{rest}` behind an address in brackets")),
        };
    }
    if is_address(pattern) {
        return Ok((pattern, None));
    }
    // A colon inside brackets belongs to a range.
    match pattern.rfind(':') {
        Some(colon) if !pattern[colon..].contains(']') => {
            Ok((&pattern[..colon], Some(parse_port(&pattern[colon + 1..])?)))
        }
        _ => Ok((pattern, None)),
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::Ipv6Addr>().is_ok()
}

fn parse_port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| format!("`{text}` is no port"))
}

fn names(pattern: &str) -> Result<Vec<String>, String> {
    let Some((head, rest)) = pattern.split_once('[') else { return Ok(vec![pattern.to_owned()]) };
    let Some((bounds, tail)) = rest.split_once(']') else { return Err("`[` without `]`".to_owned()) };
    let tails = names(tail)?;
    let middles = members(bounds)?;
    Ok(middles.iter().flat_map(|middle| tails.iter().map(move |tail| format!("{head}{middle}{tail}"))).collect())
}

/// A range may be large, and not so large that a slip of the finger fills the memory.
const LARGEST: usize = 100_000;

fn members(bounds: &str) -> Result<Vec<String>, String> {
    let parts: Vec<&str> = bounds.split(':').collect();
    let (first, last, step) = match parts[..] {
        [first, last] => (first, last, 1),
        [first, last, step] => {
            (first, last, step.parse().ok().filter(|step| *step > 0).ok_or("the step is no number")?)
        }
        _ => return Err(format!("`[{bounds}]` is no range like `[01:20]` or `[a:f]`")),
    };
    let first = if first.is_empty() { "0" } else { first };
    match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(low), Ok(high)) => numbers(first, last, low, high, step),
        _ => letters(first, last, step).ok_or_else(|| format!("`[{bounds}]` is no range like `[01:20]` or `[a:f]`")),
    }
}

fn numbers(first: &str, last: &str, low: usize, high: usize, step: usize) -> Result<Vec<String>, String> {
    let width = if first.len() > 1 && first.starts_with('0') { first.len() } else { 0 };
    if width > 0 && width != last.len() {
        return Err(format!("`{first}` and `{last}` must have the same number of digits"));
    }
    if low > high {
        return Err(format!("the range ends at {high}, before it begins at {low}"));
    }
    if (high - low) / step >= LARGEST {
        return Err(format!("the range has more than {LARGEST} members"));
    }
    Ok((low..=high).step_by(step).map(|number| format!("{number:0width$}")).collect())
}

fn letters(first: &str, last: &str, step: usize) -> Option<Vec<String>> {
    let letter = |text: &str| match text.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    };
    let (first, last) = (letter(first)?, letter(last)?);
    (first <= last).then(|| (first..=last).step_by(step).map(|letter| char::from(letter).to_string()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_ports_are_understood() {
        let table: [(&str, &[&str], Option<u16>); 10] = [
            ("web1", &["web1"], None),
            ("web[08:10].x", &["web08.x", "web09.x", "web10.x"], None),
            ("web[1:5:2]:2222", &["web1", "web3", "web5"], Some(2222)),
            ("[a:c]1", &["a1", "b1", "c1"], None),
            ("r[1:2]n[a:b]", &["r1na", "r1nb", "r2na", "r2nb"], None),
            ("[:2]", &["0", "1", "2"], None),
            ("[2001:db8::1]:22", &["2001:db8::1"], Some(22)),
            ("[::1]", &["::1"], None),
            ("fe80::1", &["fe80::1"], None),
            ("10.0.0.[1:2]", &["10.0.0.1", "10.0.0.2"], None),
        ];
        for (pattern, hosts, port) in table {
            let hosts = hosts.iter().map(|host| (*host).to_owned()).collect();
            assert_eq!(expand(pattern), Ok((hosts, port)), "{pattern}");
        }
    }

    #[test]
    fn what_is_no_range_or_no_port_is_refused() {
        for pattern in
            ["web[1", "web[1]", "web[01:100]", "web[5:1]", "web:ssh", "web:0", "web[a:5]", "x[0:99999999]", "x[1:5:0]"]
        {
            assert!(expand(pattern).is_err(), "{pattern}");
        }
    }
}
