//! Fetching from a server that does what servers do.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use proptest::prelude::*;
use sha2::{Digest, Sha256, Sha512};
use tempfile::TempDir;

use super::*;
use crate::artifacts::testing::{Reply, Request, Server};
use crate::artifacts::{Kind, Origin, Products};

const FILE: &str = "/elasticsearch/elasticsearch-6.2.1.deb";
const TAG: &str = "\"one\"";

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

fn store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let patience = Patience {
        attempts: 3,
        pause: Duration::from_millis(1),
        connect: Duration::from_secs(2),
        silence: Duration::from_millis(300),
    };
    let store = Store::new(folder.path()).with_patience(patience);
    (folder, store)
}

fn artifact(origins: &[&str]) -> Artifact {
    let origins: Vec<_> = origins.iter().map(|origin| Origin::parse(origin).unwrap()).collect();
    Products::embedded().find("elasticsearch").unwrap().artifact("6.2.1", "x86_64", &origins).unwrap()
}

/// A good server, but for what `file` does with the file itself.
fn server(bytes: &[u8], file: impl Fn(&Request, &[u8]) -> Reply + Send + Sync + 'static) -> Server {
    let bytes = bytes.to_vec();
    let sums = format!("{}  elasticsearch-6.2.1.deb\n", hex(Sha512::digest(&bytes)));
    Server::new(move |request| match request.path.as_str() {
        FILE => file(request, &bytes),
        path if path == format!("{FILE}.sha512") => Reply::text("200 OK", &sums),
        _ => Reply::text("404 Not Found", ""),
    })
}

fn good(bytes: &[u8]) -> Server {
    server(bytes, |request, bytes| Reply::file(request, bytes, TAG, usize::MAX))
}

fn fetch(store: &Store, artifact: &Artifact) -> Result<Fetched, ArtifactError> {
    store.fetch(artifact, &mut |_, _| {})
}

/// All files of the cache with their contents' length, without the lock.
fn left(folder: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(folder.path().join("elasticsearch/6.2.1")).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| Path::new(name).extension().is_none_or(|extension| extension != "lock"));
    names.sort();
    names
}

#[test]
fn a_file_is_fetched_once_and_its_progress_told() {
    let bytes = content(300_000);
    let server = good(&bytes);
    let (folder, store) = store();
    let mut heard = Vec::new();
    let fetched = store.fetch(&artifact(&[&server.url()]), &mut |here, of| heard.push((here, of))).unwrap();
    assert_eq!(fs::read(&fetched.path).unwrap(), bytes);
    assert_eq!(fetched.sha256, hex(Sha256::digest(&bytes)));
    assert_eq!(heard.first(), Some(&(0, Some(300_000))));
    assert_eq!(heard.last(), Some(&(300_000, Some(300_000))));
    assert!(heard.is_sorted());
    assert_eq!(fetch(&store, &artifact(&[&server.url()])).unwrap(), fetched);
    assert_eq!(server.asked(), [format!("GET {FILE}.sha512"), format!("GET {FILE}")]);
    assert_eq!(left(&folder), ["elasticsearch-6.2.1.deb", "elasticsearch-6.2.1.deb.record"]);
}

#[test]
fn a_file_that_somebody_changed_in_the_cache_is_fetched_again() {
    let bytes = content(1000);
    let server = good(&bytes);
    let (_folder, store) = store();
    let fetched = fetch(&store, &artifact(&[&server.url()])).unwrap();
    fs::write(&fetched.path, vec![0; 1000]).unwrap();
    fetch(&store, &artifact(&[&server.url()])).unwrap();
    assert_eq!(fs::read(&fetched.path).unwrap(), bytes);
}

#[test]
fn what_the_cache_has_from_one_source_does_not_stand_for_another() {
    let (one, other) = (good(b"stand-in"), good(b"real"));
    let (_folder, store) = store();
    fetch(&store, &artifact(&[&one.url()])).unwrap();
    let fetched = fetch(&store, &artifact(&[&other.url()])).unwrap();
    assert_eq!(fs::read(fetched.path).unwrap(), b"real");
}

#[test]
fn wrong_bytes_are_refused_with_both_sums_and_who_said_so() {
    let server = server(b"right", |_, _| Reply::text("200 OK", "wrong"));
    let (folder, store) = store();
    let failure = fetch(&store, &artifact(&[&server.url()])).unwrap_err().failure();
    assert_eq!(failure.code, "DPP0803");
    let notes: Vec<_> = failure.notes.iter().map(|note| (note.label.as_str(), note.text.clone())).collect();
    let expected = [
        ("file", format!("{}{FILE}", server.url())),
        ("has", hex(Sha512::digest(b"wrong"))),
        ("wanted", hex(Sha512::digest(b"right"))),
        ("says", format!("{}{FILE}.sha512", server.url())),
    ];
    assert_eq!(notes, expected);
    assert_eq!(left(&folder), [] as [&str; 0]);
}

#[test]
fn a_cut_is_gone_on_from_and_a_lie_about_the_length_is_a_cut() {
    let bytes = content(10_000);
    let server = server(&bytes, |request, bytes| Reply::file(request, bytes, TAG, 3_000));
    let (_folder, store) = store();
    let fetched = fetch(&store, &artifact(&[&server.url()])).unwrap();
    assert_eq!(fs::read(fetched.path).unwrap(), bytes);
    assert_eq!(server.asked().len(), 1 + 4);
}

#[test]
fn a_server_that_always_breaks_off_is_given_up_and_what_came_is_kept_for_the_next_run() {
    let bytes = content(10_000);
    let cut = Arc::new(AtomicUsize::new(4_000));
    let limit = Arc::clone(&cut);
    let server = server(&bytes, move |request, bytes| {
        let end = limit.load(Ordering::Relaxed);
        Reply::file(request, bytes, TAG, end.saturating_sub(request.from().unwrap_or(0)))
    });
    let (folder, store) = store();
    let error = fetch(&store, &artifact(&[&server.url()])).unwrap_err();
    assert_eq!(error.code(), "DPP0801", "{error}");
    assert_eq!(left(&folder), ["elasticsearch-6.2.1.deb.part", "elasticsearch-6.2.1.deb.part.from"]);
    cut.store(usize::MAX, Ordering::Relaxed);
    let mut first = None;
    let fetched = store.fetch(&artifact(&[&server.url()]), &mut |here, _| first = first.or(Some(here))).unwrap();
    assert_eq!((fs::read(fetched.path).unwrap(), first), (bytes, Some(4_000)));
}

#[test]
fn a_part_of_a_file_that_has_changed_since_is_thrown_away() {
    let bytes = content(10_000);
    let server = server(&bytes, |request, bytes| match request.before {
        1 => Reply::file(request, &[7; 9_000], "\"old\"", 5_000),
        _ => Reply::file(request, bytes, TAG, usize::MAX),
    });
    let (_folder, store) = store();
    let fetched = fetch(&store, &artifact(&[&server.url()])).unwrap();
    assert_eq!(fs::read(fetched.path).unwrap(), bytes);
}

#[test]
fn pieces_of_two_files_under_one_tag_are_fetched_once_more() {
    let bytes = content(10_000);
    let server = server(&bytes, |request, bytes| match request.before {
        1 => Reply::file(request, &[7; 10_000], TAG, 5_000),
        _ => Reply::file(request, bytes, TAG, usize::MAX),
    });
    let (_folder, store) = store();
    let fetched = fetch(&store, &artifact(&[&server.url()])).unwrap();
    assert_eq!(fs::read(fetched.path).unwrap(), bytes);
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn a_server_without_ranges_or_with_wrong_ones_still_brings_the_file() {
    let bytes = content(5_000);
    for answer in ["200 OK", "206 Partial Content", "416 Range Not Satisfiable"] {
        let server = server(&bytes, move |request, bytes| {
            let headers = [
                ("content-length", bytes.len().to_string()),
                ("etag", TAG.to_owned()),
                ("content-range", "bytes 1-4999/5000".to_owned()),
            ];
            match request.from() {
                Some(_) => Reply::new(answer, &headers, if answer.starts_with("416") { &[] } else { bytes }),
                None if request.before == 1 => Reply::file(request, bytes, TAG, 2_000),
                None => Reply::file(request, bytes, TAG, usize::MAX),
            }
        });
        let (_folder, store) = store();
        let fetched = fetch(&store, &artifact(&[&server.url()])).unwrap();
        assert_eq!(fs::read(fetched.path).unwrap(), bytes, "{answer}");
    }
}

#[test]
fn a_slow_server_is_waited_for_and_a_silent_one_is_left() {
    let bytes = content(1_000);
    let slow = |wait: u64| {
        server(&content(1_000), move |request, bytes| {
            let mut reply = Reply::file(request, bytes, TAG, usize::MAX);
            let whole = std::mem::take(&mut reply.pieces[0].1);
            reply.pieces = whole.chunks(250).map(|piece| (Duration::from_millis(wait), piece.to_vec())).collect();
            reply
        })
    };
    let (_folder, store) = store();
    let trickle = slow(150);
    assert_eq!(fs::read(fetch(&store, &artifact(&[&trickle.url()])).unwrap().path).unwrap(), bytes);
    let silent = slow(2_000);
    let error = fetch(&store, &artifact(&[&silent.url()])).unwrap_err();
    assert_eq!(error.code(), "DPP0801", "{error}");
}

#[test]
fn a_server_in_trouble_is_asked_again_and_the_next_source_helps_out() {
    let bytes = content(1_000);
    let troubled = server(&bytes, |request, bytes| match request.before {
        1 | 2 => Reply::text("503 Service Unavailable", ""),
        _ => Reply::file(request, bytes, TAG, usize::MAX),
    });
    let (_folder, first) = store();
    fetch(&first, &artifact(&[&troubled.url()])).unwrap();
    let (_folder, second) = store();
    let dead = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let fetched = fetch(&second, &artifact(&[&dead, &troubled.url()])).unwrap();
    assert!(fetched.from.starts_with(&troubled.url()));
    let failure = fetch(&store().1, &artifact(&[&dead])).unwrap_err().failure();
    assert_eq!(failure.code, "DPP0801");
    assert_eq!(failure.notes[0].text.lines().count(), 1, "a dead mirror is asked for one path only: {failure:?}");
}

#[test]
fn a_version_that_no_source_has_is_named_with_its_neighbours() {
    let server = Server::new(|_| Reply::text("404 Not Found", "nothing here"));
    let (_folder, store) = store();
    let origins = [Origin::Mirror(server.url())];
    let product = Products::embedded().find("elasticsearch").unwrap();
    let artifact = product.artifact("6.2.9", "x86_64", &origins).unwrap();
    let failure = fetch(&store, &artifact).unwrap_err().failure();
    assert_eq!(failure.code, "DPP0602");
    assert_eq!(failure.help.as_deref(), Some("versions near it: 6.2.1, 6.8.23, 5.6.2"));
    assert!(failure.notes[0].text.contains("elasticsearch-6.2.9.deb: 404 Not Found"), "{failure:?}");
}

#[test]
fn a_file_that_nothing_vouches_for_is_taken_only_to_be_locked() {
    let server = Server::new(|request| match request.path.as_str() {
        FILE => Reply::file(request, b"bytes", TAG, usize::MAX),
        _ => Reply::text("404 Not Found", ""),
    });
    let (_folder, store) = store();
    let artifact = artifact(&[&server.url()]);
    let failure = fetch(&store, &artifact).unwrap_err().failure();
    assert_eq!(failure.code, "DPP0803");
    assert!(failure.help.unwrap().contains("packages lock elasticsearch=6.2.1"));
    let fetched = fetch(&store.clone().trusting_first_use(), &artifact).unwrap();
    let mut lock = Lockfile::default();
    lock.keep(&artifact, &fetched);
    let (_folder, fresh) = super::tests::store();
    assert_eq!(fetch(&fresh.with_lock(lock), &artifact).unwrap().sha256, fetched.sha256);
}

#[test]
fn what_differs_from_the_lock_is_refused_whatever_the_source_says_of_it() {
    let server = good(b"new");
    let (folder, store) = store();
    let artifact = artifact(&[&server.url()]);
    let mut lock = Lockfile::default();
    let old = Fetched { path: "x".into(), sha256: hex(Sha256::digest(b"old")), size: 3, from: "http://m/x".into() };
    lock.keep(&artifact, &old);
    fetch(&store, &artifact).unwrap();
    let failure = fetch(&store.with_lock(lock), &artifact).unwrap_err().failure();
    assert_eq!(failure.code, "DPP0803");
    assert_eq!(failure.notes[3].text, "packages.lock, from http://m/x");
    let part = folder.path().join("elasticsearch/6.2.1/elasticsearch-6.2.1.deb.part");
    assert!(!part.exists());
}

#[test]
fn a_full_disk_is_noticed_before_a_byte_is_written() {
    let server = good(&content(5_000));
    let (folder, store) = store();
    let failure = fetch(&store.with_free(|_| Ok(4_999)), &artifact(&[&server.url()])).unwrap_err().failure();
    assert_eq!(failure.code, "DPP0604");
    let part = folder.path().join("elasticsearch/6.2.1/elasticsearch-6.2.1.deb.part");
    assert_eq!(fs::metadata(part).unwrap().len(), 0);
}

#[test]
fn those_who_want_the_same_file_at_once_share_one_download() {
    let bytes = content(200_000);
    let server = server(&bytes, |request, bytes| {
        let mut reply = Reply::file(request, bytes, TAG, usize::MAX);
        reply.pieces[0].0 = Duration::from_millis(200);
        reply
    });
    let (_folder, store) = store();
    let (start, artifact) = (Barrier::new(4), artifact(&[&server.url()]));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                assert_eq!(fs::read(fetch(&store, &artifact).unwrap().path).unwrap(), bytes);
            });
        }
    });
    assert_eq!(server.asked().iter().filter(|asked| *asked == &format!("GET {FILE}")).count(), 1);
}

#[test]
fn a_folder_is_read_in_place_and_held_to_the_checksum_beside_the_file() {
    let (folder, store) = store();
    let mirror = tempfile::tempdir().unwrap();
    let path = mirror.path().join("elasticsearch/elasticsearch-6.2.1.deb");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "deb").unwrap();
    let origin = format!("file://{}", mirror.path().display());
    let fetched = fetch(&store, &artifact(&[&origin])).unwrap();
    assert_eq!((fetched.path, fetched.sha256), (path.clone(), hex(Sha256::digest(b"deb"))));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    fs::write(path.with_added_extension("sha512"), format!("{}  elasticsearch-6.2.1.deb", "0".repeat(128))).unwrap();
    assert_eq!(fetch(&store, &artifact(&[&origin])).unwrap_err().code(), "DPP0803");
    fs::remove_file(&path).unwrap();
    assert_eq!(fetch(&store, &artifact(&[&origin])).unwrap_err().code(), "DPP0602");
    assert_eq!(fetch(&store, &artifact(&[])).unwrap_err().code(), "DPP0602");
}

#[test]
fn a_mirrors_password_is_in_no_message() {
    let dead = artifact(&["http://me:hunter2@127.0.0.1:1"]);
    let failure = fetch(&store().1, &dead).unwrap_err().failure();
    assert!(!format!("{failure:?}").contains("hunter2"), "{failure:?}");
    assert_eq!(dead.kind, Kind::Deb);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Wherever the server cuts, once or many times, in one run or over several, the file comes out whole.
    #[test]
    fn a_download_goes_on_at_any_byte(length in 0_usize..20_000, step in 150_usize..30_000, first in 0_usize..20_000) {
        let bytes = content(length);
        let server = server(&bytes, move |request, bytes| {
            Reply::file(request, bytes, TAG, if request.before == 1 { first } else { step })
        });
        let (_folder, store) = store();
        let artifact = artifact(&[&server.url()]);
        let fetched = (0..2).find_map(|_| fetch(&store, &artifact).ok()).unwrap();
        prop_assert_eq!(fs::read(fetched.path).unwrap(), bytes);
    }
}
