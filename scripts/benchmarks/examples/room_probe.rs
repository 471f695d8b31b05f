#![allow(warnings)]
use sop::*;
use std::time::Instant;
fn io() -> (u64, u64) {
    let s = std::fs::read_to_string("/proc/self/io").unwrap();
    let g = |k: &str| {
        s.lines()
            .find(|l| l.starts_with(k))
            .unwrap()
            .split(' ')
            .nth(1)
            .unwrap()
            .parse()
            .unwrap()
    };
    (g("wchar:"), g("write_bytes:"))
}
fn rss() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
fn peak() -> u64 {
    let s = std::fs::read_to_string("/proc/self/status").unwrap();
    s.lines()
        .find(|l| l.starts_with("VmHWM"))
        .unwrap()
        .split_whitespace()
        .nth(1)
        .unwrap()
        .parse::<u64>()
        .unwrap()
        / 1024
}
fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d049bb133111eb);
    z ^ (z >> 31)
}
fn value(n: u64) -> Document {
    let r = mix(n);
    let s = format!(
        "{{\"id\":{},\"name\":\"user {:016x}\",\"pad\":\"{}\"}}",
        n % 1000000,
        r,
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
    );
    let s = &s;
    let mut t = s.clone();
    while t.len() < 100 {
        t.insert(t.len() - 2, 'x');
    }
    Document::from_json(t.as_bytes()).unwrap()
}
fn du(p: &str) -> String {
    String::from_utf8(std::process::Command::new("sh").arg("-c").arg(format!("cd {p}; du -sk --apparent-size . log data catalog | tr '\\n' ' '; du -sk . | tr '\\n' ' '; ls log data | wc -l")).output().unwrap().stdout).unwrap()
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let mode = &a[1];
    let path = &a[2];
    let n: u64 = a[3].parse().unwrap();
    let cache: u64 = a[4].parse::<u64>().unwrap() << 20;
    let open = || OpenOptions::new().cache_bytes(cache).open(path).unwrap();
    match mode.as_str() {
        "load" => {
            let _ = std::fs::remove_dir_all(path);
            let db = open();
            db.transact(|tx| {
                tx.create_store(StoreDefinition::new("s", KeySpec::single(KeyType::U64)))
            })
            .unwrap();
            let t = Instant::now();
            let mut max = 0;
            let mut maxd = 0;
            let t10 = Instant::now();
            for from in (0..n).step_by(10_000) {
                let tx = db.begin(Mode::Write).unwrap();
                {
                    let s = tx.documents("s").unwrap();
                    for i in from..(from + 10_000).min(n) {
                        s.insert(&Key::from(mix(i)), &value(i)).unwrap();
                    }
                }
                tx.commit().unwrap();
                max = max.max(rss());
                let st = db.status();
                maxd = maxd.max(st.dirty_bytes);
                if from % 1_000_000 == 0 {
                    eprintln!(
                        "{from} rss {} MiB dirty {} cache {} ckpts {} {:.1}s",
                        rss(),
                        st.dirty_bytes >> 20,
                        st.cache_bytes >> 20,
                        st.checkpoints,
                        t.elapsed().as_secs_f64()
                    );
                }
            }
            println!(
                "loaded {n} in {:.2}s, checkpoints {}, wchar {} MB, live {} MB, max rss {max} MiB peak {} maxdirty {} MiB",
                t.elapsed().as_secs_f64(),
                db.status().checkpoints,
                io().0 / 1_000_000,
                db.status().live_bytes / 1_000_000,
                peak(),
                maxd >> 20
            );
            println!("before checkpoint {}", du(path));
            db.checkpoint().unwrap();
            println!("after checkpoint {}", du(path));
            db.checkpoint().unwrap();
            println!("again {}", du(path));
            let t = Instant::now();
            db.close().unwrap();
            println!("close {:?} {}", t.elapsed(), du(path));
        }
        "open" => {
            for _ in 0..7 {
                let t = Instant::now();
                let db = open();
                let o = t.elapsed();
                let tx = db.begin(Mode::Read).unwrap();
                let x = tx
                    .documents("s")
                    .unwrap()
                    .get(&Key::from(mix(5)))
                    .unwrap()
                    .is_some();
                let g = t.elapsed();
                drop(tx);
                let t = Instant::now();
                db.close().unwrap();
                println!("open {o:?} first get {g:?} {x} close {:?}", t.elapsed());
            }
        }
        "random" => {
            let db = open();
            let per: u64 = a.get(5).map_or(500, |s| s.parse().unwrap());
            let total: u64 = a.get(6).map_or(50_000, |s| s.parse().unwrap());
            let b = io();
            let t = Instant::now();
            let mut k = 0;
            for round in 0..total / per {
                let tx = db.begin(Mode::Write).unwrap();
                {
                    let s = tx.documents("s").unwrap();
                    for _ in 0..per {
                        k += 1;
                        s.upsert(&Key::from(mix(mix(k + round) % n)), &value(k))
                            .unwrap();
                    }
                }
                tx.commit().unwrap();
            }
            db.checkpoint().unwrap();
            let e = io();
            println!(
                "{total} updates {per} each in {:.2}s: {} per s, wchar {:.1} bytes per byte changed (108 B), checkpoints {}, peak rss {} MiB",
                t.elapsed().as_secs_f64(),
                (total as f64 / t.elapsed().as_secs_f64()) as u64,
                (e.0 - b.0) as f64 / (total as f64 * 108.0),
                db.status().checkpoints,
                peak()
            );
            println!("{}", du(path));
        }
        _ => {}
    }
}
