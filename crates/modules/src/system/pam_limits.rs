//! `pam_limits`: a limit of a user or group stands in `limits.conf`, or in another file of its form.

use dpp_protocol::{Failure, ResultMap};
use serde::de::Error;
use serde::{Deserialize, Deserializer};

use crate::arguments::{Flag, HostPath, Words};
use crate::files::attributes::Attributes;
use crate::files::edit::{TextFile, Wishes, bare, lines};
use crate::files::step::FileStep;
use crate::{Host, Module, Survey};

/// What can be limited, as `limits.conf(5)` lists it.
const ITEMS: &[&str] = &[
    "core",
    "data",
    "fsize",
    "memlock",
    "nofile",
    "rss",
    "stack",
    "cpu",
    "nproc",
    "as",
    "maxlogins",
    "maxsyslogins",
    "priority",
    "locks",
    "sigpending",
    "msgqueue",
    "nice",
    "rtprio",
    "chroot",
];

/// Parameters of `pam_limits`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PamLimits {
    domain: Words,
    limit_type: LimitType,
    #[serde(deserialize_with = "item")]
    limit_item: String,
    value: Words,
    #[serde(default)]
    use_max: Flag,
    #[serde(default)]
    use_min: Flag,
    #[serde(default)]
    backup: Flag,
    #[serde(default = "limits_conf")]
    dest: HostPath,
    #[serde(default)]
    comment: Words,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum LimitType {
    Soft,
    Hard,
    #[serde(rename = "-")]
    Both,
}

impl LimitType {
    fn word(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Hard => "hard",
            Self::Both => "-",
        }
    }
}

fn limits_conf() -> HostPath {
    "/etc/security/limits.conf".into()
}

fn item<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let item = String::deserialize(from)?;
    if ITEMS.contains(&item.as_str()) { Ok(item) } else { Err(D::Error::unknown_variant(&item, ITEMS)) }
}

impl Module for PamLimits {
    const NAME: &'static str = "pam_limits";
    type Step = FileStep;

    fn survey(&self, _host: &Host) -> Result<Survey<FileStep>, Failure> {
        self.check()?;
        let file = TextFile::read(&self.dest)?;
        let (new, message) = self.edited(file.text())?;
        let wishes = Wishes { attributes: Attributes::default(), backup: self.backup.0, validate: None };
        let limit = format!("{} {} {}", self.domain.0, self.limit_type.word(), self.limit_item);
        Ok(file.survey(new, &limit, wishes).value("msg", message))
    }

    fn apply(&self, step: &FileStep, host: &Host, result: &mut ResultMap) -> Result<(), Failure> {
        step.apply(host, result)
    }
}

impl PamLimits {
    fn check(&self) -> Result<(), Failure> {
        if self.use_max.0 && self.use_min.0 {
            return Err(Failure::new("`use_min` and `use_max` exclude each other").code("DPP0104"));
        }
        self.limit(&self.value.0).map(drop).map_err(|wrong| Failure::new(format!("`value`: {wrong}")).code("DPP0104"))
    }

    /// The new text of the file, and the line that holds the limit in it.
    fn edited(&self, text: &str) -> Result<(String, String), Failure> {
        let mut lines = lines(text);
        let mut message = None;
        for line in &mut lines {
            let Some(found) = self.found_in(line) else { continue };
            let wanted = self.wanted(&found.value)?;
            if wanted != found.value {
                *line = self.line(&wanted, &found.comment);
            }
            message = Some(line.clone());
        }
        let message = message.unwrap_or_else(|| {
            if let Some(last) = lines.last_mut().filter(|last| !last.ends_with('\n')) {
                last.push('\n');
            }
            lines.push(self.line(&self.value.0, ""));
            lines[lines.len() - 1].clone()
        });
        Ok((lines.concat(), message))
    }

    fn line(&self, value: &str, old_comment: &str) -> String {
        let comment = if self.comment.0.is_empty() { old_comment } else { &self.comment.0 };
        let comment = if comment.is_empty() { String::new() } else { format!("\t#{comment}") };
        format!("{}\t{}\t{}\t{value}{comment}\n", self.domain.0, self.limit_type.word(), self.limit_item)
    }

    /// What a line says, if it is about this limit.
    fn found_in(&self, line: &str) -> Option<Found> {
        let (limit, comment) = bare(line).split_once('#').unwrap_or((bare(line), ""));
        let fields: Vec<&str> = limit.split_whitespace().collect();
        let [domain, kind, item, value] = fields[..] else { return None };
        let same = domain == self.domain.0 && kind == self.limit_type.word() && item == self.limit_item;
        same.then(|| Found { value: value.to_owned(), comment: comment.trim_end().to_owned() })
    }

    /// The value that the line gets: the task's, or the greater or smaller one of both.
    fn wanted(&self, found: &str) -> Result<String, Failure> {
        if !(self.use_max.0 || self.use_min.0) {
            return Ok(self.value.0.clone());
        }
        let own = self.limit(&self.value.0).map_err(Failure::new)?;
        let theirs = self.limit(found).map_err(|wrong| {
            Failure::new(format!("cannot compare with what stands in {}: {wrong}", self.dest.display()))
        })?;
        let keeps = if self.use_max.0 { theirs >= own } else { theirs <= own };
        Ok(if keeps { found.to_owned() } else { self.value.0.clone() })
    }

    /// A value as a number, where no limit is the greatest.
    fn limit(&self, value: &str) -> Result<i64, String> {
        let item = self.limit_item.as_str();
        if matches!(item, "nice" | "priority") {
            let number = value.parse().ok().filter(|number| (-20..=19).contains(number));
            return number.ok_or_else(|| format!("{item} is a number from -20 to 19, `{value}` is none"));
        }
        if matches!(value, "unlimited" | "infinity" | "-1") {
            return Ok(i64::MAX);
        }
        let number = value.parse().ok().filter(|number| *number >= 0);
        number.ok_or_else(|| {
            format!("{item} is a number from 0 on, or `unlimited`, `infinity` or -1 for none; `{value}` is not")
        })
    }
}

struct Found {
    value: String,
    comment: String,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::Ground;

    fn edited(text: &str, mut more: Value) -> String {
        let ground = Ground::new();
        more["dest"] = ground.write("limits.conf", text).into();
        for (name, value) in [("domain", "es"), ("limit_type", "soft"), ("limit_item", "nofile")] {
            more.as_object_mut().unwrap().entry(name).or_insert_with(|| value.into());
        }
        ground.converge("pam_limits", &more);
        ground.read("limits.conf")
    }

    #[test]
    fn a_limit_is_added_changed_or_left_and_the_rest_stays() {
        let other = "# as shipped\nes hard nofile 5\n";
        for (text, params, wanted) in [
            ("", json!({"value": 64000}), "es\tsoft\tnofile\t64000\n".to_owned()),
            ("*\t-\tcore\t0", json!({"value": "unlimited"}), "*\t-\tcore\t0\nes\tsoft\tnofile\tunlimited\n".into()),
            (other, json!({"value": "7", "comment": "ours"}), format!("{other}es\tsoft\tnofile\t7\t#ours\n")),
            ("es  soft nofile 7 # kept\n", json!({"value": "7"}), "es  soft nofile 7 # kept\n".into()),
            ("es  soft nofile 6 # kept\n", json!({"value": "7"}), "es\tsoft\tnofile\t7\t# kept\n".into()),
            (
                "es soft nofile 6\nes soft nofile 7\n",
                json!({"value": 7}),
                "es\tsoft\tnofile\t7\nes soft nofile 7\n".into(),
            ),
            ("es - nofile 6\n", json!({"value": 7, "limit_type": "-"}), "es\t-\tnofile\t7\n".into()),
        ] {
            assert_eq!(edited(text, params.clone()), wanted, "{params} on {text:?}");
        }
    }

    #[test]
    fn the_greater_or_smaller_value_wins_when_asked() {
        for (found, params, wanted) in [
            ("100", json!({"value": 7, "use_max": true}), "100"),
            ("100", json!({"value": 700, "use_max": true}), "700"),
            ("100", json!({"value": "-1", "use_max": true}), "-1"),
            ("infinity", json!({"value": "5", "use_max": true}), "infinity"),
            ("100", json!({"value": 7, "use_min": true}), "7"),
            ("unlimited", json!({"value": 7, "use_min": true}), "7"),
            ("5", json!({"value": "unlimited", "use_min": true}), "5"),
        ] {
            let after = edited(&format!("es soft nofile {found}\n"), params.clone());
            assert_eq!(after.split_whitespace().last(), Some(wanted), "{params} on {found}");
        }
    }

    #[test]
    fn what_cannot_be_a_limit_is_refused() {
        let ground = Ground::new();
        for (item, value, words) in [
            ("nofile", "many", "`many` is not"),
            ("nice", "20", "`20` is none"),
            ("nofiles", "5", "unknown variant `nofiles`"),
        ] {
            let params = json!({"domain": "es", "limit_type": "soft", "limit_item": item, "value": value});
            let failure = ground.survey("pam_limits", &params).unwrap_err();
            assert_eq!(failure.code, "DPP0104");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
    }

    #[test]
    fn the_line_is_registered_and_the_old_file_kept_beside() {
        let ground = Ground::new();
        let path = ground.write("limits.conf", "es soft nofile 6\n");
        let params = json!({"domain": "es", "limit_type": "soft", "limit_item": "nofile", "value": 7, "dest": path,
            "backup": true});
        let result = ground.converge("pam_limits", &params).result;
        assert_eq!(result["msg"], "es\tsoft\tnofile\t7\n");
        assert!(result["backup_file"].as_str().is_some_and(|backup| std::path::Path::new(backup).exists()));
    }
}
