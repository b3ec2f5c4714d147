//! How a certificate is signed: by `openssl ca`, in a folder that is gone afterwards and holds no secret.

use std::fs;

use dpp_protocol::Failure;

use super::{KeyIdentifier, X509Certificate};
use crate::Host;
use crate::arguments::{HostPath, Words};
use crate::files::refusal::refused;
use crate::tls::certificate::form::{Form, SUBJECT_KEY};
use crate::tls::folder::{folder, write};
use crate::tls::openssl::{der, openssl, tried};

/// A key by its file or by its text, and what opens it.
struct KeySource<'a> {
    path: Option<&'a HostPath>,
    content: Option<&'a Words>,
    passphrase: Option<&'a Words>,
}

impl KeySource<'_> {
    /// The file that openssl reads, and what it gets as its input: a key that is no file lies in none.
    fn place(&self) -> (&str, &[u8]) {
        let content = self.content.map(|content| content.0.as_bytes()).unwrap_or_default();
        self.path.map_or(("/dev/stdin", content), |path| (path.text(), &[]))
    }

    fn passphrase(&self) -> Option<&str> {
        self.passphrase.map(|passphrase| passphrase.0.as_str())
    }
}

impl X509Certificate {
    fn own_key(&self) -> KeySource<'_> {
        let (path, content) = (self.privatekey_path.as_ref(), self.privatekey_content.as_ref());
        KeySource { path, content, passphrase: self.privatekey_passphrase.as_ref() }
    }

    fn signing_key(&self) -> KeySource<'_> {
        if !self.is_of_authority() {
            return self.own_key();
        }
        let (path, content) = (self.ownca_privatekey_path.as_ref(), self.ownca_privatekey_content.as_ref());
        KeySource { path, content, passphrase: self.ownca_privatekey_passphrase.as_ref() }
    }

    /// The request; one that says nothing is made of the key where there is none.
    pub(super) fn request(&self, host: &Host) -> Result<String, Failure> {
        if let Some(content) = &self.csr_content {
            return Ok(content.clone());
        }
        if let Some(path) = &self.csr_path {
            return fs::read_to_string(path).map_err(|error| refused("read", path, &error));
        }
        let key = self.own_key();
        let (place, input) = key.place();
        let words = ["req", "-new", "-batch", "-subj", "/", "-passin", "env:DPP_PASSPHRASE", "-key", place];
        openssl(&words, input, key.passphrase(), host)
    }

    /// The public half of the task's own key, if it has one.
    pub(super) fn key_of(&self, host: &Host) -> Result<Option<Vec<u8>>, Failure> {
        if self.privatekey_path.is_none() && self.privatekey_content.is_none() {
            return Ok(None);
        }
        let key = self.own_key();
        let (place, input) = key.place();
        let words = ["pkey", "-pubout", "-passin", "env:DPP_PASSPHRASE", "-in", place];
        openssl(&words, input, key.passphrase(), host).map(|pem| Some(der(&pem)))
    }

    /// The authority's certificate.
    pub(super) fn authority(&self) -> Result<Option<String>, Failure> {
        if !self.is_of_authority() {
            return Ok(None);
        }
        match (&self.ownca_content, &self.ownca_path) {
            (Some(content), _) => Ok(Some(content.clone())),
            (None, Some(path)) => fs::read_to_string(path).map(Some).map_err(|error| refused("read", path, &error)),
            (None, None) => Ok(None),
        }
    }

    /// Whether who it names has signed it. That it is expired, or its authority none by the book, is not the question.
    pub(super) fn is_signed_well(&self, certificate: &str, host: &Host) -> Result<bool, Failure> {
        let folder = folder()?;
        let authority = self.authority()?.unwrap_or_else(|| certificate.to_owned());
        let trusted = write(&folder, "authority.pem", &authority)?;
        let own = write(&folder, "own.pem", certificate)?;
        let words = ["verify", "-no_check_time", "-partial_chain", "-check_ss_sig", "-CAfile", &trusted, &own];
        let said = tried(&words, &[], None, host)?;
        let said = said.stdout + &said.stderr;
        Ok(!said.contains("signature failure") && !said.contains("unable to get local issuer"))
    }

    /// A new certificate, in PEM.
    pub(super) fn signed(&self, host: &Host) -> Result<String, Failure> {
        let folder = folder()?;
        let request = self.request(host)?;
        let key = self.signing_key();
        let (place, input) = key.place();
        let (from, until) = self.validity()?;
        let wanted = Form::of_request(&der(&request));
        let has_identifier = wanted.is_some_and(|wanted| wanted.extension(SUBJECT_KEY).is_some());
        let config = write(&folder, "ca.conf", &self.config(folder.path(), has_identifier, host)?)?;
        let request = write(&folder, "request.pem", &request)?;
        write(&folder, "index.txt", "")?;
        let authority = self.authority()?.map(|pem| write(&folder, "authority.pem", &pem)).transpose()?;
        let mut words =
            vec!["ca", "-config", &config, "-batch", "-notext", "-preserveDN", "-create_serial", "-in", &request];
        words.extend(["-startdate", &from, "-enddate", &until, "-keyfile", place, "-passin", "env:DPP_PASSPHRASE"]);
        match &authority {
            Some(path) => words.extend(["-cert", path.as_str()]),
            None => words.push("-selfsign"),
        }
        let said = openssl(&words, input, key.passphrase(), host)?;
        let begin = said.find("-----BEGIN CERTIFICATE-----");
        begin.map(|begin| said[begin..].to_owned()).ok_or_else(|| Failure::new("`openssl ca` printed no certificate"))
    }

    fn config(&self, folder: &std::path::Path, has_identifier: bool, host: &Host) -> Result<String, Failure> {
        let folder = folder.display();
        let digest = if self.is_of_authority() { &self.ownca_digest } else { &self.selfsigned_digest };
        let names_key = match self.key_identifier() {
            KeyIdentifier::AlwaysCreate => true,
            KeyIdentifier::CreateIfNotProvided => !has_identifier,
            KeyIdentifier::NeverCreate => false,
        };
        // Since its third version openssl adds them by itself, unless it is told not to.
        let adds = !openssl(&["version"], &[], None, host)?.starts_with("OpenSSL 1.");
        let key = match (names_key, adds && !has_identifier) {
            (true, _) => "subjectKeyIdentifier = hash\n",
            (false, true) => "subjectKeyIdentifier = none\n",
            (false, false) => "",
        };
        let names_authority = self.is_of_authority() && self.ownca_create_authority_key_identifier.0;
        let authority = match (names_authority, adds) {
            (true, _) => "authorityKeyIdentifier = keyid:always\n",
            (false, true) => "authorityKeyIdentifier = none\n",
            (false, false) => "",
        };
        Ok(format!(
            "[ca]\ndefault_ca = own\n[own]\ndatabase = {folder}/index.txt\nserial = {folder}/serial\nnew_certs_dir = {folder}\ndefault_md = {digest}\n\
             policy = any\npreserve = yes\nemail_in_dn = yes\nunique_subject = no\ncopy_extensions = copyall\n\
             x509_extensions = exts\n[any]\ncommonName = optional\n[exts]\n{key}{authority}"
        ))
    }
}
