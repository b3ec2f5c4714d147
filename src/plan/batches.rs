//! `serial`: how the hosts of a play are cut into batches.

use crate::source::Problem;
use crate::value::Value;

/// Sizes of the batches for `serial`, the last size repeated; one batch when nothing is said.
pub fn batches(serial: &[Value], hosts: usize) -> Result<Vec<usize>, Problem> {
    let sizes = serial.iter().map(|size| batch_size(size, hosts)).collect::<Result<Vec<_>, _>>()?;
    let mut left = hosts;
    let mut batches = Vec::new();
    let mut sizes = sizes.iter().copied().chain(std::iter::repeat(sizes.last().copied().unwrap_or(hosts)));
    while left > 0 {
        let size = sizes.next().unwrap_or(left).min(left);
        let size = if size == 0 { left } else { size };
        batches.push(size);
        left -= size;
    }
    Ok(batches)
}

fn batch_size(size: &Value, hosts: usize) -> Result<usize, Problem> {
    let wrong = || Problem::error("DPP0105", "`serial` wants numbers or percentages".to_owned());
    match size {
        Value::Int(number) => usize::try_from(*number).map_err(|_| wrong()),
        Value::Text(text) => match text.as_str().trim().strip_suffix('%') {
            Some(percent) => {
                let percent: usize = percent.trim().parse().map_err(|_| wrong())?;
                Ok((hosts * percent / 100).max(1))
            }
            None => text.as_str().trim().parse().map_err(|_| wrong()),
        },
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_percentages_and_lists_cut_as_in_ansible() {
        let sizes = |serial: &[Value], hosts| batches(serial, hosts).unwrap();
        assert_eq!(sizes(&[], 5), [5]);
        assert_eq!(sizes(&[2.into()], 5), [2, 2, 1]);
        assert_eq!(sizes(&["30%".into()], 10), [3, 3, 3, 1]);
        assert_eq!(sizes(&["10%".into()], 3), [1, 1, 1]);
        assert_eq!(sizes(&[1.into(), "100%".into()], 4), [1, 3]);
        assert_eq!(sizes(&[0.into()], 4), [4]);
        assert!(batches(&["x".into()], 4).is_err());
    }
}
