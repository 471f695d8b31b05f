//! Measures the real server: `http SERVER FOLDER [ORDERS]`.
//!
//! A shop with 1,000,000 orders unless it is said, in a database that is filled before the server starts. Time from sending a
//! select without conditions to its first row, and the memory of the server's process while all rows are streamed, to a client
//! that reads as fast as it can and to one that stops reading for a while.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use sop::{KeySpec, KeyType, OpenOptions, StoreDefinition};

#[path = "../shop.rs"]
#[allow(dead_code, reason = "the other program uses all of it")]
mod shop;

const TOKEN: &str = "token-of-the-benchmark";
const CACHE_BYTES: u64 = 64 << 20;
const FIRST_ROWS: usize = 50;

struct Server {
    child: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(program: &str, data: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let settings = data.join("settings.json");
        std::fs::write(&settings, format!("{{\"cache_bytes\":{CACHE_BYTES}}}"))?;
        let child = Command::new(program)
            .args([
                "--open=false",
                "--log",
                "error",
                "--port",
                &port.to_string(),
            ])
            .arg("--data")
            .arg(data.join("data"))
            .arg("--config")
            .arg(settings)
            .env("SOP_TOKEN", TOKEN)
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{program} does not start"))?;
        let server = Self { child, port };
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            ensure!(
                begun.elapsed() < Duration::from_secs(30),
                "the server does not listen"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// Sends a query and reads its head; lines of rows follow, with the sizes of their chunks between them.
    fn ask(&self, sql: &str) -> Result<BufReader<TcpStream>> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_nodelay(true)?;
        let body = format!("{{\"sql\":\"{sql}\"}}");
        let (port, length) = (self.port, body.len());
        write!(
            stream,
            "POST /api/v1/databases/shop/query HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nAccept: application/x-ndjson\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )?;
        let mut reader = BufReader::with_capacity(64 << 10, stream);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        ensure!(line.starts_with("HTTP/1.1 200"), "{line}");
        Ok(reader)
    }

    /// A figure of the process in bytes: `VmRSS`, or `VmHWM` for the most so far.
    fn memory(&self, name: &str) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(name));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        Ok(number.context("no such figure")?.parse::<u64>()? * 1_024)
    }
}

/// Reads up to the first row; an array stands for each.
fn first_row(reader: &mut BufReader<TcpStream>) -> Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? > 0, "no row");
        if line.starts_with('[') {
            return Ok(());
        }
    }
}

/// Bytes of an answer from here on.
fn rest(reader: &mut BufReader<TcpStream>) -> Result<u64> {
    let (mut bytes, mut buffer) = (0, vec![0; 64 << 10]);
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(bytes),
            count => bytes += count as u64,
        }
    }
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let usage = "usage: http SERVER FOLDER [ORDERS]";
    let (program, folder) = (args.next().context(usage)?, args.next().context(usage)?);
    let orders: i64 = args.next().map_or(Ok(1_000_000), |text| text.parse())?;
    let folder = tempfile::tempdir_in(folder)?;
    let data = folder.path().join("data");
    std::fs::create_dir_all(&data)?;
    let db = OpenOptions::new().open(data.join("shop"))?;
    db.transact(|tx| {
        tx.create_store(StoreDefinition::new(
            "orders",
            KeySpec::single(KeyType::I64),
        ))
    })?;
    shop::insert_orders(&db, "orders", orders, (orders / 10).max(1))?;
    db.close()?;
    let server = Server::start(&program, folder.path())?;
    let idle = server.memory("VmRSS")?;
    let mut times = Vec::new();
    for _ in 0..FIRST_ROWS {
        let begun = Instant::now();
        first_row(&mut server.ask("SELECT * FROM orders")?)?;
        times.push(begun.elapsed().as_secs_f64() * 1_000.0);
    }
    let first = times[0];
    times.sort_by(f64::total_cmp);
    let (median, most) = (times[FIRST_ROWS / 2], times[FIRST_ROWS - 1]);
    println!(
        "first row of an unfiltered select, ms: first of all {first:.2}, median {median:.2}, most {most:.2}"
    );
    let begun = Instant::now();
    let bytes = rest(&mut server.ask("SELECT * FROM orders")?)?;
    let took = begun.elapsed().as_secs_f64();
    let rate = orders as f64 / took / 1_000.0;
    println!(
        "{orders} rows, {:.0} MiB in {took:.2} s: {rate:.0} thousand rows a second",
        mib(bytes)
    );
    let mut stalled = server.ask("SELECT * FROM orders")?;
    first_row(&mut stalled)?;
    // Long enough for everything that the server would keep for a client that does not read.
    std::thread::sleep(Duration::from_secs(2));
    rest(&mut stalled)?;
    let peak = server.memory("VmHWM")?;
    println!(
        "memory, MiB: idle {:.0}, most {:.0}, cache {:.0}, most above the cache {:.1}",
        mib(idle),
        mib(peak),
        mib(CACHE_BYTES),
        mib(peak.saturating_sub(CACHE_BYTES))
    );
    Ok(())
}
