#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// The standard metrics of a process, read from `/proc` at every scrape; on systems without it only the CPU time and
/// the file limit are there.
public enum ProcessMetrics {
    /// Adds the metrics to `registry`.
    public static func register(in registry: MetricsRegistry, version: String) {
        registry.gauge("rapport_build_info", help: "Always 1; the version is the label.", labels: [("version", version)]).set(1)
        let cpu = registry.observedCounter("process_cpu_seconds_total", help: "CPU time spent, user and system.")
        let memory = registry.gauge("process_resident_memory_bytes", help: "Resident memory.")
        let open = registry.gauge("process_open_fds", help: "Open file descriptors.")
        let limit = registry.gauge("process_max_fds", help: "Most file descriptors that may be open.")
        let start = registry.gauge("process_start_time_seconds", help: "Start of the process, Unix time.")
        if let seconds = startTime() { start.set(seconds) }
        registry.onCollect {
            cpu.set(cpuSeconds())
            if let bytes = residentBytes() { memory.set(bytes) }
            if let count = openFiles() { open.set(count) }
            if let count = fileLimit() { limit.set(count) }
        }
    }

    static func cpuSeconds() -> Double {
        var time = timespec()
        guard clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func fileLimit() -> Double? {
        var limit = rlimit()
        #if os(Linux)
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return nil }
        #else
            guard getrlimit(RLIMIT_NOFILE, &limit) == 0 else { return nil }
        #endif
        return Double(limit.rlim_cur)
    }

    static func residentBytes() -> Double? {
        // statm: size, resident, … in pages.
        guard let fields = words(ofFile: "/proc/self/statm"), fields.count > 1, let pages = Double(fields[1]) else { return nil }
        return pages * Double(sysconf(Int32(_SC_PAGESIZE)))
    }

    static func openFiles() -> Double? {
        guard let directory = opendir("/proc/self/fd") else { return nil }
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        // Without ".", ".." and the directory's own descriptor.
        return Double(max(0, count - 3))
    }

    static func startTime() -> Double? {
        // The name in field 2 may hold spaces and parentheses; after its last ")" come fields 3…; field 22 is the start.
        guard let text = contents(ofFile: "/proc/self/stat"), let end = text.lastIndex(of: ")"),
            let boot = contents(ofFile: "/proc/stat")?.split(separator: "\n").first(where: { $0.hasPrefix("btime ") }),
            let bootSeconds = Double(boot.dropFirst("btime ".count))
        else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        let ticksPerSecond = Double(sysconf(Int32(_SC_CLK_TCK)))
        guard fields.count > 19, let ticks = Double(fields[19]), ticksPerSecond > 0 else { return nil }
        return bootSeconds + ticks / ticksPerSecond
    }

    private static func words(ofFile path: String) -> [Substring]? {
        contents(ofFile: path)?.split(whereSeparator: \.isWhitespace)
    }

    private static func contents(ofFile path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var all: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while all.count < 1_000_000 {
            let count = read(file, &chunk, chunk.count)
            guard count > 0 else { break }
            all.append(contentsOf: chunk[..<min(count, chunk.count)])
        }
        return String(decoding: all, as: UTF8.self)
    }
}
