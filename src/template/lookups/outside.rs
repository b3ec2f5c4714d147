//! Lookups that reach out: the environment, URLs, commands.

use minijinja::{Error, Value as Dynamic};

use super::call::Call;

type Found = Result<Vec<Dynamic>, Error>;

pub(super) fn env(call: &mut Call) -> Found {
    let environment = &call.frame.engines().surroundings().environment;
    let usual = call.option("default").cloned().unwrap_or_else(|| Dynamic::from(""));
    let value =
        |name: &String| environment.get(name).map_or_else(|| usual.clone(), |value| Dynamic::from(value.as_str()));
    Ok(call.texts()?.iter().map(value).collect())
}

fn refused(call: &Call) -> Error {
    call.refusal("is switched off here: it reaches out of the project")
}

/// What a URL holds, line by line unless it is wanted whole.
pub(super) fn url(call: &mut Call) -> Found {
    let reach = call.frame.engines().surroundings().reach.clone().ok_or_else(|| refused(call))?;
    let mut found = Vec::new();
    for url in call.texts()? {
        let body = reach.fetch(&url).map_err(|error| call.refusal(&format!("cannot fetch {url}: {error}")))?;
        if call.flag("split_lines", true) {
            found.extend(body.lines().map(Dynamic::from));
        } else {
            found.push(Dynamic::from(body));
        }
    }
    Ok(found)
}

pub(super) fn pipe(call: &mut Call) -> Found {
    let reach = call.frame.engines().surroundings().reach.clone().ok_or_else(|| refused(call))?;
    let run = |command: &String| reach.run(command).map_err(|error| call.refusal(&error));
    call.texts()?.iter().map(|command| run(command).map(|out| Dynamic::from(out.trim_end()))).collect()
}

pub(super) fn lines(call: &mut Call) -> Found {
    let reach = call.frame.engines().surroundings().reach.clone().ok_or_else(|| refused(call))?;
    let mut found = Vec::new();
    for command in call.texts()? {
        let out = reach.run(&command).map_err(|error| call.refusal(&error))?;
        found.extend(out.lines().map(Dynamic::from));
    }
    Ok(found)
}
