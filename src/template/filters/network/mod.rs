//! The `ipaddr` family: addresses and networks asked, computed and filtered, as `ansible.utils` does with netaddr.

mod address;
mod query;

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use self::address::{Net, ones};
use self::query::Asked;
use crate::template::arguments::Arguments;
use crate::template::dynamic::type_name;
use crate::template::objects::{items, list};

fn no() -> Dynamic {
    Dynamic::from(false)
}

fn is_list(value: &Dynamic) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// The answer for one value: false when it is no such address, nothing when the query does not hold for it.
fn asked(arguments: &Arguments<'_, '_, '_>, value: &Dynamic, query: &str, bits: Option<u32>) -> Result<Dynamic, Error> {
    if is_list(value) {
        return of_all(arguments, value, query, bits);
    }
    match Asked::read_as(value, bits).filter(|asked| bits.is_none_or(|bits| asked.net.bits == bits)) {
        Some(asked) => {
            let answer = asked.answer(query).map_err(|why| arguments.refusal(&why))?;
            Ok(answer.unwrap_or_else(|| Dynamic::from(())))
        }
        None => Ok(no()),
    }
}

fn of_all(
    arguments: &Arguments<'_, '_, '_>,
    values: &Dynamic,
    query: &str,
    bits: Option<u32>,
) -> Result<Dynamic, Error> {
    let answers = items(values)?.into_iter().map(|value| asked(arguments, &value, query, bits));
    let mut answers = answers.collect::<Result<Vec<_>, _>>()?;
    answers.retain(Dynamic::is_true);
    Ok(list(answers))
}

/// One address gives an answer or false; a list gives the answers that there are.
fn filtered(arguments: &mut Arguments<'_, '_, '_>, bits: Option<u32>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let query = arguments.text(1, "query")?.unwrap_or_default();
    arguments.take(usize::MAX, "version")?;
    arguments.take(usize::MAX, "alias")?;
    let is_known = is_list(&subject) && !subject.is_tuple()
        || subject.as_str().is_some()
        || subject.is_integer()
        || subject.kind() == ValueKind::Bool;
    if !is_known {
        return Err(arguments.refusal(&format!("needs an address or a list, not {}", type_name(&subject))));
    }
    asked(arguments, &subject, &query, bits)
}

pub(super) fn ipaddr(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    filtered(arguments, None)
}

pub(super) fn ipv4(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    filtered(arguments, Some(32))
}

pub(super) fn ipv6(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    filtered(arguments, Some(128))
}

/// IPv6 addresses in brackets, all else as it is.
pub(super) fn ipwrap(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    arguments.text(1, "query")?;
    let wrapped = |value: &Dynamic, is_alone: bool| match Asked::read(value) {
        Some(asked) => Dynamic::from(asked.wrapped(is_alone)),
        None => value.clone(),
    };
    match subject.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            Ok(list(items(&subject)?.iter().map(|value| wrapped(value, false)).collect()))
        }
        ValueKind::String => Ok(wrapped(&subject, true)),
        ValueKind::Bool => Ok(subject),
        _ => Err(arguments.refusal(&format!("needs an address or a list, not {}", type_name(&subject)))),
    }
}

/// An address so many further on.
pub(super) fn ipmath(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = arguments.subject()?.as_str().and_then(Net::read);
    let net = net.ok_or_else(|| arguments.refusal("needs an address"))?;
    let amount = arguments.cut(1, "amount")?.ok_or_else(|| arguments.refusal("needs a whole number"))?;
    let moved = net.address.checked_add_signed(i128::from(amount)).filter(|address| *address <= ones(net.bits));
    moved
        .map(|address| Dynamic::from(net.text(address)))
        .ok_or_else(|| arguments.refusal("leaves the addresses there are"))
}

/// How many networks of a size there are in one, or which one it is by number.
pub(super) fn ipsubnet(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = Asked::read(&arguments.subject()?).map(|asked| asked.net);
    let query = arguments.text(1, "query")?.unwrap_or_default();
    let index = arguments.cut(2, "index")?;
    let Some(net) = net else { return Ok(no()) };
    if query.is_empty() {
        return Ok(Dynamic::from(net.sized(net.network())));
    }
    let Some(size) = query.parse::<u32>().ok().filter(|size| *size <= net.bits) else { return Ok(no()) };
    let is_alone = !net.is_network() || net.prefix == net.bits;
    if is_alone {
        let around = Net { prefix: size, has_prefix: true, ..net };
        return Ok(Dynamic::from(around.sized(around.network())));
    }
    if size < net.prefix {
        return Err(arguments.refusal(&format!("finds no networks of size {size} in one of size {}", net.prefix)));
    }
    let count = ones(size - net.prefix).saturating_add(1);
    let Some(index) = index else { return Ok(Dynamic::from(count.to_string())) };
    let number = if index < 0 { count.checked_add_signed(i128::from(index)) } else { u128::try_from(index).ok() };
    let Some(number) = number.filter(|number| *number < count) else { return Ok(no()) };
    let inner = Net { prefix: size, ..net };
    Ok(Dynamic::from(inner.sized(net.network() + number * (inner.hosts() + 1))))
}

/// The address with this number in a network.
pub(super) fn nthhost(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = Asked::read(&arguments.subject()?).map(|asked| asked.net);
    let number = arguments.need_text(1, "query")?.trim().parse::<i64>();
    let (Some(net), Ok(number)) = (net, number) else { return Ok(no()) };
    match net.numbered(number) {
        Some(address) => Ok(Dynamic::from(net.text(address))),
        None if number < 0 => Err(arguments.refusal("counts back beyond the network's first address")),
        None => Ok(no()),
    }
}

/// The address so many further on, if a host can have it.
pub(super) fn next_nth_usable(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let net = Asked::read(&arguments.subject()?).map(|asked| asked.net);
    let offset = arguments.cut(1, "offset")?.ok_or_else(|| arguments.refusal("needs a whole number"))?;
    let Some(net) = net else { return Ok(no()) };
    let moved = net.usable().and_then(|(first, last)| {
        let address = net.address.checked_add_signed(i128::from(offset));
        address.filter(|address| (first..=last).contains(address))
    });
    Ok(moved.map_or_else(|| Dynamic::from(()), |address| Dynamic::from(net.text(address))))
}
