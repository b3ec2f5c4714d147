//! `random` and `shuffle`.

use minijinja::value::ValueKind;
use minijinja::{Error, Value as Dynamic};

use crate::template::arguments::Arguments;
use crate::template::chance::Chance;
use crate::template::dynamic::type_name;
use crate::template::error::fault;
use crate::template::frame::Frame;
use crate::template::objects::list;
use crate::template::python;

fn chance(seed: Option<&Dynamic>) -> Result<Chance, Error> {
    Ok(match seed {
        None => Frame::current()?.engines().chance(),
        Some(seed) => match seed.as_i64() {
            Some(number) => Chance::of_number(number.unsigned_abs()),
            None if seed.is_number() || seed.as_str().is_some() => Chance::of_text(&python::text(seed)),
            None => return Err(fault(format!("a seed is a text or a number, not {}", type_name(seed)))),
        },
    })
}

pub(super) fn random(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let subject = arguments.subject()?;
    let start = arguments.int(1, "start")?;
    let step = arguments.int(2, "step")?;
    let seed = arguments.take(3, "seed")?.filter(|seed| !seed.is_none());
    let mut chance = chance(seed.as_ref())?;
    if let Some(end) = subject.as_i64().filter(|_| subject.is_integer()) {
        let (start, step) = (start.unwrap_or(0), step.filter(|step| *step != 0).unwrap_or(1));
        let span = if step > 0 { end.saturating_sub(start) } else { start.saturating_sub(end) };
        let count = u64::try_from(span).unwrap_or(0).div_ceil(step.unsigned_abs());
        if count == 0 {
            return Err(arguments.refusal("has no number to choose"));
        }
        let chosen = i64::try_from(chance.below(count)).unwrap_or(0);
        return Ok(Dynamic::from(start + step * chosen));
    }
    if subject.kind() == ValueKind::Map {
        return Err(arguments.refusal("chooses from a list, not from a mapping"));
    }
    let mut items = arguments.subject_items()?;
    if start.is_some() || step.is_some() {
        return Err(arguments.refusal("takes `start` and `step` with a number only"));
    }
    if items.is_empty() {
        return Err(arguments.refusal("has nothing to choose from"));
    }
    let index = chance.index(items.len());
    Ok(items.swap_remove(index))
}

pub(super) fn shuffle(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let seed = arguments.take(1, "seed")?.filter(Dynamic::is_true);
    let Ok(mut items) = arguments.subject_items() else { return arguments.subject() };
    chance(seed.as_ref())?.shuffle(&mut items);
    Ok(list(items))
}

/// The rest of a MAC address, by chance.
pub(super) fn random_mac(arguments: &mut Arguments<'_, '_, '_>) -> Result<Dynamic, Error> {
    let prefix = arguments.subject_text()?.to_lowercase();
    let seed = arguments.take(1, "seed")?.filter(|seed| !seed.is_none());
    let given: Vec<&str> = prefix.split(':').filter(|part| !part.is_empty()).collect();
    let is_part = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if given.len() > 5 || given.is_empty() || !given.iter().all(is_part) {
        return Err(arguments.refusal("needs one to five pairs of hexadecimal digits with colons between them"));
    }
    let missing = 6 - given.len();
    // The digits are drawn as one number of ten, as the filter of community.general does.
    let (least, most) = (1u64 << 36, (1u64 << 40) - 1);
    let drawn = format!("{:x}", least + chance(seed.as_ref())?.below(most - least + 1));
    let pairs = (0..missing).map(|pair| &drawn[2 * pair..2 * pair + 2]);
    Ok(Dynamic::from(given.into_iter().chain(pairs).collect::<Vec<_>>().join(":")))
}
