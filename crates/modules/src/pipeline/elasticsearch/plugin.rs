//! `elasticsearch_plugin`: a plugin of Elasticsearch is installed, or is not. The server must be restarted to load it,
//! which is the business of a handler.

use std::path::PathBuf;

use dpp_protocol::{Change, Failure, ResultMap, Verb};
use serde::Deserialize;

use crate::arguments::{Flag, HostPath, Words};
use crate::commands::process::Process;
use crate::presence::Presence;
use crate::system::tool::installed;
use crate::{Host, Module, Survey};

/// Where packages lay the programs: that of today, and that of Elasticsearch 2 and before.
const PROGRAMS: [&str; 2] =
    ["/usr/share/elasticsearch/bin/elasticsearch-plugin", "/usr/share/elasticsearch/bin/plugin"];

/// Parameters of `elasticsearch_plugin`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticsearchPlugin {
    name: String,
    #[serde(default)]
    state: Presence,
    src: Option<Words>,
    url: Option<Words>,
    #[serde(default = "a_minute")]
    timeout: Words,
    #[serde(default)]
    force: Flag,
    plugin_bin: Option<HostPath>,
    #[serde(default = "debians_folder")]
    plugin_dir: HostPath,
    proxy_host: Option<Words>,
    proxy_port: Option<Words>,
    version: Option<Words>,
}

fn a_minute() -> Words {
    Words("1m".into())
}

fn debians_folder() -> HostPath {
    "/usr/share/elasticsearch/plugins/".into()
}

impl Module for ElasticsearchPlugin {
    const NAME: &'static str = "elasticsearch_plugin";
    type Step = Change;

    fn survey(&self, host: &Host) -> Result<Survey<Change>, Failure> {
        if self.src.is_some() && self.url.is_some() {
            return Err(Failure::new("`src` and `url` exclude each other").code("DPP0104"));
        }
        let is_there = self.plugin_dir.join(plain_name(&self.name)).is_dir();
        let title = format!("plugin {} of Elasticsearch", self.name);
        let step = match (self.state, is_there) {
            (Presence::Present, false) => Some(Change::new(Verb::Create, title)),
            (Presence::Absent, true) => Some(Change::new(Verb::Delete, title)),
            _ => None,
        };
        let survey = Survey::steps(step.into_iter().collect::<Vec<_>>());
        let survey = survey.value("name", self.name.as_str()).value("state", self.state.name());
        // An earlier task may install Elasticsearch itself.
        let is_open = !survey.steps.is_empty() && self.program(host).is_none();
        Ok(if is_open { survey.unpredicted() } else { survey })
    }

    fn apply(&self, step: &Change, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        let program = self.program(host).ok_or_else(|| self.no_program())?;
        let arguments = self.arguments(program.file_name() == Some("plugin".as_ref()));
        host.life(&format!("elasticsearch-plugin: {}", self.name), None);
        let mut process = Process::new(&program.to_string_lossy(), &arguments, host);
        for (name, value) in self.proxy() {
            process = process.env(name, &value);
        }
        let finished = process.run(host)?;
        let command: Vec<String> = std::iter::once(program.to_string_lossy().into_owned()).chain(arguments).collect();
        for (name, value) in [
            ("cmd", command.into()),
            ("url", self.url.as_ref().map(|url| url.0.clone()).into()),
            ("timeout", self.timeout.0.clone().into()),
            ("stdout", finished.stdout.clone().into()),
            ("stderr", finished.stderr.clone().into()),
        ] {
            result.insert(name.into(), value);
        }
        if finished.succeeded() {
            return Ok(());
        }
        let verb = if step.verb == Verb::Create { "install" } else { "remove" };
        let reason = reason(&finished.stdout).or_else(|| reason(&finished.stderr));
        let cause = reason.unwrap_or_else(|| format!("elasticsearch-plugin {}", finished.ending()));
        let failure = Failure::new(format!("cannot {verb} plugin {}: {cause}", self.name)).code("DPP0805");
        Err(Failure { result: std::mem::take(result), ..finished.describe(failure) })
    }
}

impl ElasticsearchPlugin {
    /// The program that installs: the task's, or the one of the package.
    fn program(&self, host: &Host) -> Option<PathBuf> {
        let own = self.plugin_bin.as_deref().and_then(|path| installed(&path.to_string_lossy(), host));
        own.or_else(|| PROGRAMS.iter().find_map(|path| installed(path, host)))
    }

    fn no_program(&self) -> Failure {
        let own = self.plugin_bin.as_ref().map_or(PROGRAMS[0], |path| path.text());
        Failure::new(format!("cannot manage plugin {}: there is no {own}", self.name))
            .code("DPP0805")
            .help("install Elasticsearch first, or say where its program lies: `plugin_bin`")
    }

    /// Arguments for the program; the old one knows a version and a time, and takes a URL by an option.
    fn arguments(&self, is_old: bool) -> Vec<String> {
        if self.state == Presence::Absent {
            return vec!["remove".to_owned(), plain_name(&self.name).to_owned()];
        }
        let mut arguments = vec!["install".to_owned()];
        let mut name = self.name.clone();
        if is_old {
            arguments.extend(["--timeout".to_owned(), self.timeout.0.clone()]);
            name.extend(self.version.iter().map(|version| format!("/{}", version.0)));
        }
        if let Some(url) = &self.url {
            arguments.extend(["--url".to_owned(), url.0.clone()]);
        }
        arguments.extend(self.force.0.then(|| "--batch".to_owned()));
        arguments.push(self.src.as_ref().map_or(name, |src| src.0.clone()));
        arguments
    }

    /// How Java is told of a proxy: the first name from Elasticsearch 8 on, the other one before.
    fn proxy(&self) -> Vec<(&'static str, String)> {
        let (Some(proxy), Some(port)) = (&self.proxy_host, &self.proxy_port) else { return Vec::new() };
        let of = |scheme: &str| format!("-D{scheme}.proxyHost={} -D{scheme}.proxyPort={}", proxy.0, port.0);
        let options = [of("http"), of("https")].join(" ");
        vec![("CLI_JAVA_OPTS", options.clone()), ("ES_JAVA_OPTS", options)]
    }
}

/// The folder of a plugin: `analysis-icu` of `elastic/elasticsearch-analysis-icu`.
fn plain_name(name: &str) -> &str {
    let repository = name.split('/').take(2).last().unwrap_or(name);
    let prefixes = ["elasticsearch-", "es-"].iter().find_map(|prefix| repository.strip_prefix(prefix));
    prefixes.unwrap_or(repository)
}

/// What stands behind `ERROR: ` in an output.
fn reason(output: &str) -> Option<String> {
    let (_, reason) = output.split_once("ERROR: ")?;
    Some(reason.trim().lines().next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use serde_json::{Value, json};

    use super::*;
    use crate::testing::Ground;

    /// A program that keeps its arguments and makes or removes the plugin's folder.
    fn stage(ground: &Ground, name: &str, ending: &str) -> Value {
        let script = format!(
            "#!/bin/sh\necho \"$@ $ES_JAVA_OPTS\" >>{0}/said\n{ending}\n\
             [ $1 = remove ] && rmdir {0}/plugins/$2 || mkdir -p {0}/plugins/analysis-icu\n",
            ground.at("").trim_end_matches('/')
        );
        let program = ground.write(name, script);
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        json!({"name": "analysis-icu", "plugin_bin": program, "plugin_dir": ground.at("plugins")})
    }

    #[test]
    fn a_plugin_is_installed_and_removed_once() {
        let ground = Ground::new();
        let mut params = stage(&ground, "elasticsearch-plugin", "");
        params["force"] = true.into();
        params["proxy_host"] = "proxy".into();
        params["proxy_port"] = 3128.into();
        let result = ground.converge("elasticsearch_plugin", &params).result;
        assert_eq!(result["cmd"], json!([params["plugin_bin"], "install", "--batch", "analysis-icu"]));
        params["state"] = "absent".into();
        ground.converge("elasticsearch_plugin", &params);
        let said = ground.read("said");
        assert!(
            said.starts_with("install --batch analysis-icu -Dhttp.proxyHost=proxy -Dhttp.proxyPort=3128 "),
            "{said}"
        );
        assert!(said.contains("\nremove analysis-icu "), "{said}");
    }

    #[test]
    fn the_old_program_is_told_of_a_time_and_a_version() {
        let ground = Ground::new();
        let mut params = stage(&ground, "plugin", "");
        params["version"] = "2.4".into();
        ground.converge("elasticsearch_plugin", &params);
        assert_eq!(ground.read("said").trim(), "install --timeout 1m analysis-icu/2.4");
    }

    #[test]
    fn a_failure_has_the_programs_own_reason_and_a_missing_program_is_awaited() {
        let ground = Ground::new();
        let params = stage(&ground, "elasticsearch-plugin", "echo 'ERROR: Unknown plugin analysis-icu'; exit 64");
        let failure = ground.apply("elasticsearch_plugin", &params).unwrap_err();
        assert_eq!(failure.message, "cannot install plugin analysis-icu: Unknown plugin analysis-icu");
        let params = json!({"name": "x", "plugin_bin": "/no/such", "plugin_dir": ground.at("plugins")});
        assert!(ground.survey("elasticsearch_plugin", &params).unwrap().unpredicted);
        assert!(ground.apply("elasticsearch_plugin", &params).unwrap_err().message.ends_with("there is no /no/such"));
    }

    #[test]
    fn names_are_read_as_elasticsearch_lays_their_folders() {
        for (name, folder) in [
            ("analysis-icu", "analysis-icu"),
            ("elastic/elasticsearch-analysis-icu", "analysis-icu"),
            ("es-head", "head"),
            ("mobz/elasticsearch-head/2.x", "head"),
        ] {
            assert_eq!(plain_name(name), folder);
        }
    }
}
