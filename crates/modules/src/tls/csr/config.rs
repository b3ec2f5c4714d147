//! The configuration by which `openssl req` makes a request of a task's parameters.

use dpp_protocol::Failure;

use super::OpensslCsr;
use super::names::{escaped, general, subject, wrong};

impl OpensslCsr {
    /// The whole configuration.
    pub(super) fn config(&self) -> Result<String, Failure> {
        let extensions = self.extensions()?;
        let asks = if extensions.is_empty() { "" } else { "req_extensions = exts\n" };
        let head = format!("[req]\nprompt = no\nutf8 = yes\nstring_mask = utf8only\ndistinguished_name = dn\n{asks}");
        let name = subject("dn", &self.subject_pairs()?)?;
        let lines: String = extensions.iter().map(|(line, _)| line.clone() + "\n").collect();
        let sections: String = extensions.into_iter().map(|(_, sections)| sections).collect();
        Ok(format!("{head}{name}[exts]\n{lines}{sections}"))
    }

    /// Lines of the extensions in Ansible's order, each with the sections it needs.
    fn extensions(&self) -> Result<Vec<(String, String)>, Failure> {
        let mut all = Vec::new();
        let line = |name: &str, is_critical: bool, value: &str| {
            let critical = if is_critical { "critical," } else { "" };
            format!("{name} = {critical}{value}")
        };
        let names = self.alternative_names()?;
        if !names.is_empty() {
            let text = line("subjectAltName", self.subject_alt_name_critical.0, "@san");
            all.push((text, general("san", &names, "")?));
        }
        for (name, values, is_critical) in [
            ("keyUsage", &self.key_usage, self.key_usage_critical),
            ("extendedKeyUsage", &self.extended_key_usage, self.extended_key_usage_critical),
            ("basicConstraints", &self.basic_constraints, self.basic_constraints_critical),
        ] {
            let values = values.as_ref().map(|values| values.0.join(",")).filter(|values| !values.is_empty());
            if let Some(values) = values {
                all.push((line(name, is_critical.0, &escaped(&values)?), String::new()));
            }
        }
        if self.ocsp_must_staple.0 {
            all.push((line("tlsfeature", self.ocsp_must_staple_critical.0, "status_request"), String::new()));
        }
        all.extend(
            self.constraints()?
                .map(|sections| (line("nameConstraints", self.name_constraints_critical.0, "@constraints"), sections)),
        );
        if self.create_subject_key_identifier.0 {
            all.push((line("subjectKeyIdentifier", false, "hash"), String::new()));
        } else if let Some(id) = &self.subject_key_identifier {
            all.push((line("subjectKeyIdentifier", false, &hexadecimal(&id.0)?), String::new()));
        }
        all.extend(
            self.authority()?.map(|sections| (line("authorityKeyIdentifier", false, "ASN1:SEQUENCE:aki"), sections)),
        );
        all.extend(self.revocations()?);
        Ok(all)
    }

    fn constraints(&self) -> Result<Option<String>, Failure> {
        let names = |names: &Option<crate::arguments::Names>| names.as_ref().map(|n| n.0.clone()).unwrap_or_default();
        let (permitted, excluded) = (names(&self.name_constraints_permitted), names(&self.name_constraints_excluded));
        if permitted.is_empty() && excluded.is_empty() {
            return Ok(None);
        }
        let first = general("constraints", &permitted, "permitted;")?;
        let second = general("constraints", &excluded, "excluded;")?;
        Ok(Some(first + second.trim_start_matches("[constraints]\n")))
    }

    /// The key and certificate of the authority: openssl would take them from a certificate that is not there yet.
    fn authority(&self) -> Result<Option<String>, Failure> {
        let mut lines = "[aki]\n".to_owned();
        let mut more = String::new();
        if let Some(id) = &self.authority_key_identifier {
            lines += &format!("keyid = IMPLICIT:0,FORMAT:HEX,OCTETSTRING:{}\n", hexadecimal(&id.0)?.replace(':', ""));
        }
        if let Some(issuer) = &self.authority_cert_issuer {
            lines += "issuer = IMPLICIT:1,SEQUENCE:aki_issuer\n";
            more += "[aki_issuer]\n";
            for (at, name) in issuer.0.iter().enumerate() {
                more += &format!("{at} = {}\n", tagged(name)?);
            }
        }
        if let Some(serial) = &self.authority_cert_serial_number {
            lines += &format!("serial = IMPLICIT:2,INTEGER:{}\n", serial.0);
        }
        Ok((lines != "[aki]\n").then_some(lines + &more))
    }

    fn revocations(&self) -> Result<Option<(String, String)>, Failure> {
        let Some(points) = self.crl_distribution_points.as_ref().filter(|points| !points.is_empty()) else {
            return Ok(None);
        };
        let mut sections = String::new();
        let mut listed = Vec::new();
        for (at, point) in points.iter().enumerate() {
            let own = format!("crl_{at}");
            sections += &format!("[{own}]\n");
            let mut more = String::new();
            match (&point.full_name, &point.relative_name) {
                (Some(_), Some(_)) => return Err(wrong("`full_name` and `relative_name` exclude each other")),
                (Some(names), None) => {
                    sections += &format!("fullname = @{own}_full\n");
                    more += &general(&format!("{own}_full"), &names.0, "")?;
                }
                (None, Some(parts)) => {
                    sections += &format!("relativename = {own}_relative\n");
                    let pairs: Option<Vec<(String, String)>> = parts
                        .0
                        .iter()
                        .map(|part| part.trim_start_matches('/').split_once('='))
                        .map(|pair| pair.map(|(kind, value)| (kind.to_owned(), value.to_owned())))
                        .collect();
                    let pairs = pairs.ok_or_else(|| wrong("`relative_name` is a list of names like `CN=a`"))?;
                    more += &subject(&format!("{own}_relative"), &pairs)?;
                }
                (None, None) => {}
            }
            if let Some(issuer) = &point.crl_issuer {
                let name = issuer.0.join("/").trim_start_matches("dirName:").to_owned();
                sections += &format!("CRLissuer = dirName:{own}_issuer\n");
                let names = general(&format!("{own}_names"), &[format!("dirName:{name}")], "")?;
                let body = names.split_once(&format!("[{own}_names_0]\n")).map(|(_, body)| body.to_owned());
                more += &format!("[{own}_issuer]\n{}", body.unwrap_or_default());
            }
            if let Some(reasons) = &point.reasons {
                let reasons: Result<Vec<_>, _> = reasons.0.iter().map(|reason| reason_of(reason)).collect();
                sections += &format!("reasons = {}\n", reasons?.join(","));
            }
            sections += &more;
            listed.push(own);
        }
        Ok(Some((format!("crlDistributionPoints = {}", listed.join(",")), sections)))
    }
}

/// openssl's word for why a certificate is revoked.
fn reason_of(reason: &str) -> Result<&'static str, Failure> {
    Ok(match reason {
        "key_compromise" => "keyCompromise",
        "ca_compromise" => "CACompromise",
        "affiliation_changed" => "affiliationChanged",
        "superseded" => "superseded",
        "cessation_of_operation" => "cessationOfOperation",
        "certificate_hold" => "certificateHold",
        "privilege_withdrawn" => "privilegeWithdrawn",
        "aa_compromise" => "AACompromise",
        other => return Err(wrong(&format!("there is no reason `{other}` in `crl_distribution_points`"))),
    })
}

/// A general name with its tag, for where openssl's configuration has no names.
fn tagged(name: &str) -> Result<String, Failure> {
    let (kind, value) = name.split_once(':').unwrap_or(("", name));
    let value = escaped(value.trim())?;
    Ok(match kind {
        "email" => format!("IMPLICIT:1,IA5STRING:{value}"),
        "DNS" => format!("IMPLICIT:2,IA5STRING:{value}"),
        "URI" => format!("IMPLICIT:6,IA5STRING:{value}"),
        "RID" => format!("IMPLICIT:8,OID:{value}"),
        _ => return Err(wrong(&format!("`authority_cert_issuer` takes email, DNS, URI and RID names, not `{name}`"))),
    })
}

fn hexadecimal(text: &str) -> Result<String, Failure> {
    let is_hex = text.split(':').all(|pair| !pair.is_empty() && pair.chars().all(|c| c.is_ascii_hexdigit()));
    if is_hex { Ok(text.to_owned()) } else { Err(wrong(&format!("`{text}` is no number in hexadecimal digits"))) }
}
