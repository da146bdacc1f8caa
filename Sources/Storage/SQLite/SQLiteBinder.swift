import Core
import GRDBSQLite

/// Gives a statement its values in order, straight to SQLite: no array, no box, no text for a UUID.
struct SQLiteBinder: ~Copyable {
    private let raw: OpaquePointer
    /// The statement's own; nil where SQLite shall copy every value.
    private let buffer: SQLiteBindBuffer?
    private var count: Int32 = 0
    private var code = SQLITE_OK

    init(_ raw: OpaquePointer, buffer: SQLiteBindBuffer?) {
        self.raw = raw
        self.buffer = buffer
        buffer?.removeAll()
    }

    /// SQLite copies what it is given.
    /// SQLITE_TRANSIENT is the constant -1 cast to a function pointer (sqlite3.h), which C macros can't bring into Swift.
    private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

    /// - Throws: when SQLite refused a value, or when the statement takes another number of them.
    func check() throws(DatabaseError) {
        guard code == SQLITE_OK else { throw DatabaseError(sqlite: code, message: "bind") }
        let expected = sqlite3_bind_parameter_count(raw)
        guard expected == count else {
            throw .statement(code: "binds", details: "the statement takes \(expected) values, not \(count)")
        }
    }

    private mutating func note(_ result: Int32) {
        if result != SQLITE_OK { code = result }
    }

    mutating func addNull() {
        count += 1
        note(sqlite3_bind_null(raw, count))
    }

    mutating func add(_ number: Int64) {
        count += 1
        note(sqlite3_bind_int64(raw, count, number))
    }

    mutating func add(_ number: Int64?) {
        if let number { add(number) } else { addNull() }
    }

    mutating func add(_ number: Int) {
        add(Int64(number))
    }

    mutating func add(_ flag: Bool) {
        add(flag ? 1 as Int64 : 0)
    }

    mutating func add(_ number: Double) {
        count += 1
        note(sqlite3_bind_double(raw, count, number))
    }

    mutating func add(_ time: Timestamp) {
        add(time.milliseconds)
    }

    mutating func add(_ time: Timestamp?) {
        if let time { add(time.milliseconds) } else { addNull() }
    }

    mutating func add(_ id: UUIDv7) {
        count += 1
        if let room = buffer?.reserve(UUIDv7.textLength) {
            id.writeText(to: room)
            return note(bind(text: UnsafeBufferPointer(room), nil))
        }
        let result = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: UUIDv7.textLength) { room in
            id.writeText(to: room)
            return bind(text: UnsafeBufferPointer(room), Self.transient)
        }
        note(result)
    }

    mutating func add(_ id: UUIDv7?) {
        if let id { add(id) } else { addNull() }
    }

    mutating func add(_ text: String) {
        count += 1
        var text = text
        note(text.withUTF8 { keep(text: $0) })
    }

    mutating func add(_ text: String?) {
        if let text { add(text) } else { addNull() }
    }

    /// JSON as the bytes of its text.
    mutating func add(json: [UInt8]) {
        count += 1
        note(json.withUnsafeBufferPointer { keep(text: $0) })
    }

    mutating func add(json: [UInt8]?) {
        if let json { add(json: json) } else { addNull() }
    }

    mutating func add(_ bytes: [UInt8]) {
        count += 1
        guard !bytes.isEmpty else { return note(sqlite3_bind_zeroblob(raw, count, 0)) }
        note(bytes.withUnsafeBytes { sqlite3_bind_blob(raw, count, $0.baseAddress, Int32(clamping: $0.count), Self.transient) })
    }

    mutating func add(_ bytes: [UInt8]?) {
        if let bytes { add(bytes) } else { addNull() }
    }

    mutating func add(_ value: SQLValue) {
        switch value {
        case .null: addNull()
        case .int(let number): add(number)
        case .double(let number): add(number)
        case .bool(let flag): add(flag)
        case .time(let time): add(time)
        case .text(let text): add(text)
        case .uuid(let id): add(id)
        case .bytes(let bytes): add(bytes)
        case .json(let bytes): add(json: bytes)
        }
    }

    /// Binds a copy, of ours where there is room.
    private func keep(text: UnsafeBufferPointer<UInt8>) -> Int32 {
        guard let room = buffer?.reserve(text.count) else { return bind(text: text, Self.transient) }
        _ = room.update(fromContentsOf: text)
        return bind(text: UnsafeBufferPointer(room), nil)
    }

    /// - Parameter destructor: nil (SQLITE_STATIC) for bytes that outlive the statement's run.
    private func bind(text: UnsafeBufferPointer<UInt8>, _ destructor: sqlite3_destructor_type?) -> Int32 {
        // An empty string may have no address, and a NULL address would bind NULL.
        guard let base = text.baseAddress, text.count > 0 else { return sqlite3_bind_text(raw, count, "", 0, Self.transient) }
        return base.withMemoryRebound(to: CChar.self, capacity: text.count) {
            sqlite3_bind_text(raw, count, $0, Int32(clamping: text.count), destructor)
        }
    }
}
