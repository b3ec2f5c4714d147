//! Filters that combine lists with one another.

use minijinja::value::Tuple;
use minijinja::{Error, Value as Dynamic};

use super::LONGEST;
use crate::template::arguments::Arguments;
use crate::template::objects::{items, list};

fn tuple(items: Vec<Dynamic>) -> Dynamic {
    Dynamic::from(Tuple::from(items))
}

fn with_others(arguments: &mut Arguments<'_, '_, '_>) -> Result<Vec<Vec<Dynamic>>, Error> {
    let mut lists = vec![arguments.subject_items()?];
    for other in arguments.rest(1)? {
        lists.push(items(&other)?);
    }
    Ok(lists)
}

pub(super) fn zip(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let lists = with_others(arguments)?;
    let shortest = lists.iter().map(Vec::len).min().unwrap_or(0);
    let row = |index: usize| tuple(lists.iter().map(|list| list[index].clone()).collect());
    Ok(list((0..shortest).map(row).collect()))
}

pub(super) fn zip_longest(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let fill = arguments.take(usize::MAX, "fillvalue")?.unwrap_or_else(|| Dynamic::from(()));
    let lists = with_others(arguments)?;
    let longest = lists.iter().map(Vec::len).max().unwrap_or(0);
    let row = |index: usize| tuple(lists.iter().map(|list| list.get(index).unwrap_or(&fill).clone()).collect());
    Ok(list((0..longest).map(row).collect()))
}

pub(super) fn product(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let repeat = arguments.take(usize::MAX, "repeat")?.and_then(|repeat| repeat.as_usize()).unwrap_or(1);
    let once = with_others(arguments)?;
    let lists: Vec<&Vec<Dynamic>> = std::iter::repeat_n(&once, repeat.min(64)).flatten().collect();
    let size = lists.iter().try_fold(1usize, |size, list| size.checked_mul(list.len())).filter(|size| *size <= LONGEST);
    size.ok_or_else(|| arguments.refusal("would give more items than fit"))?;
    let mut rows: Vec<Vec<Dynamic>> = vec![Vec::new()];
    for list in lists {
        let longer = |row: &Vec<Dynamic>| {
            list.iter().map(|item| [row.as_slice(), std::slice::from_ref(item)].concat()).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    Ok(list(rows.into_iter().map(tuple).collect()))
}

/// Every choice of so many items; with `ordered`, in every order.
fn choices(
    arguments: &Arguments<'_, '_, '_>,
    size: usize,
    length: usize,
    ordered: bool,
) -> Result<Vec<Vec<usize>>, Error> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    for chosen in 0..length {
        // Of each row come at most so many: looked at before they are made.
        if rows.len().saturating_mul(size.saturating_sub(chosen)) > LONGEST {
            return Err(arguments.refusal("would give more items than fit"));
        }
        let longer = |row: &Vec<usize>| {
            let from = if ordered { 0 } else { row.last().map_or(0, |last| last + 1) };
            let next = (from..size).filter(|index| !row.contains(index));
            next.map(|index| [row.as_slice(), &[index]].concat()).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    Ok(rows)
}

fn chosen(arguments: &mut Arguments<'_, '_, '_>, length: Option<i64>, ordered: bool) -> Result<Dynamic, Error> {
    let items = arguments.subject_items()?;
    let length = length.and_then(|length| usize::try_from(length).ok()).unwrap_or(items.len());
    let rows = choices(arguments, items.len(), length, ordered)?;
    let row = |row: Vec<usize>| tuple(row.into_iter().map(|index| items[index].clone()).collect());
    Ok(list(rows.into_iter().map(row).collect()))
}

pub(super) fn combinations(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let length = arguments.int(1, "r")?;
    if length.is_none() {
        return Err(arguments.refusal("needs the number of items to choose"));
    }
    chosen(arguments, length, false)
}

pub(super) fn permutations(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let length = arguments.int(1, "r")?;
    chosen(arguments, length, true)
}
