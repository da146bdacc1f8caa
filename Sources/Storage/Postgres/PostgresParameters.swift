import Core

/// A statement's values in binary form, one behind the other in one buffer.
struct PostgresParameters {
    private(set) var bytes: [UInt8] = []
    /// Where each value lies; a negative length is NULL.
    private(set) var spans: [(start: Int, length: Int32)] = []
    private(set) var types: [UInt32] = []

    init() {}

    init(_ binds: [SQLValue]) {
        for value in binds { append(value) }
    }

    mutating func append(_ value: SQLValue) {
        types.append(value.postgresType)
        if case .null = value {
            spans.append((0, -1))
            return
        }
        let start = bytes.count
        bytes.append(binary: value)
        spans.append((start, Int32(clamping: bytes.count - start)))
    }

    mutating func append(_ array: PostgresArray) {
        types.append(PostgresType.array(of: array.element))
        let start = bytes.count
        array.write(into: &bytes)
        spans.append((start, Int32(clamping: bytes.count - start)))
    }
}

/// One column of a set-wise statement: an array parameter for `unnest`.
struct PostgresArray {
    let element: UInt32
    private var body: [UInt8] = []
    private(set) var count = 0
    private var hasNull = false

    init(_ element: UInt32) {
        self.element = element
    }

    init(_ element: UInt32, _ values: some Sequence<SQLValue>) {
        self.element = element
        for value in values { append(value) }
    }

    var isEmpty: Bool { count == 0 }

    mutating func append(_ value: SQLValue) {
        switch value {
        case .null: appendNull()
        case .int(let number): append(number)
        case .text(let text): append(text)
        case .bytes(let bytes), .json(let bytes): append(bytes)
        case .uuid(let id): append(id)
        case .time(let time): append(time)
        case .bool, .double: appendElement { $0.append(binary: value) }
        }
    }

    mutating func append(_ number: Int64?) {
        guard let number else { return appendNull() }
        if element == PostgresType.int4 {
            appendElement { $0.appendBigEndian(Int32(clamping: number)) }
        } else {
            appendElement { $0.appendBigEndian(number) }
        }
    }

    mutating func append(_ time: Timestamp) {
        appendElement { $0.append(binary: .time(time)) }
    }

    mutating func append(_ id: UUIDv7?) {
        guard let id else { return appendNull() }
        appendElement {
            $0.appendBigEndian(id.high)
            $0.appendBigEndian(id.low)
        }
    }

    mutating func append(_ text: String?) {
        guard let text else { return appendNull() }
        appendElement { $0.append(contentsOf: text.utf8) }
    }

    mutating func append(_ bytes: [UInt8]?) {
        guard let bytes else { return appendNull() }
        appendElement { $0.append(contentsOf: bytes) }
    }

    private mutating func appendNull() {
        count += 1
        hasNull = true
        body.appendBigEndian(Int32(-1))
    }

    /// Each element stands behind its length.
    @inline(__always)
    private mutating func appendElement(_ write: (inout [UInt8]) -> Void) {
        count += 1
        let start = body.count
        body.appendBigEndian(Int32(0))
        write(&body)
        let length = UInt32(clamping: body.count - start - 4)
        // The four bytes were written above.
        body.withUnsafeMutableBytes { $0.storeBytes(of: length.bigEndian, toByteOffset: start, as: UInt32.self) }
    }

    /// `array_send`'s form: dimensions, NULL flag, element type, length, lower bound, then the elements.
    fileprivate func write(into bytes: inout [UInt8]) {
        bytes.appendBigEndian(Int32(count == 0 ? 0 : 1))
        bytes.appendBigEndian(Int32(hasNull ? 1 : 0))
        bytes.appendBigEndian(element)
        guard count > 0 else { return }
        bytes.appendBigEndian(Int32(clamping: count))
        bytes.appendBigEndian(Int32(1))
        bytes.append(contentsOf: body)
    }
}
