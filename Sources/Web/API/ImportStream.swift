import Communications
import Core

/// Cuts an import's body into lines as it arrives. Holds one line at a time.
struct ImportStream {
    enum Format {
        case csv, ndjson

        /// Nil for media types that are no import.
        init?(_ mediaType: String?) {
            let type = mediaType?.split(separator: ";").first.map { $0.trimmed.lowercased() }
            switch type {
            case "text/csv": self = .csv
            case "application/x-ndjson", "application/jsonl", "application/x-jsonlines": self = .ndjson
            default: return nil
            }
        }
    }

    private static let longestLine = 131_072
    /// Tells a line that JSON can not be read of from all that is built of values: a client has few.
    private static let limits = JSONLimits(maximumDepth: 32, maximumNodes: 5_000, maximumBytes: longestLine)

    private let fields: ImportFields
    private let format: Format
    private var csv = CSVReader(longestRecord: longestLine)
    private var columns: [ImportFields.Field]?
    private var line: [UInt8] = []
    private var number = 1
    private var isTooLong = false
    /// Lines that are ready.
    private(set) var lines: [ImportLine] = []

    init(_ format: Format, _ fields: ImportFields) {
        self.format = format
        self.fields = fields
    }

    /// - Throws: ``ValidationError`` for columns that are not known.
    mutating func feed(_ bytes: UnsafeRawBufferPointer) throws {
        switch format {
        case .csv:
            var records: [CSVReader.Record] = []
            csv.feed(bytes) { records.append($0) }
            for record in records { try take(record) }
        case .ndjson:
            for byte in bytes {
                if byte == UInt8(ascii: "\n") {
                    endLine()
                } else if line.count < Self.longestLine {
                    line.append(byte)
                } else {
                    isTooLong = true
                }
            }
        }
    }

    mutating func finish() throws {
        switch format {
        case .csv:
            var records: [CSVReader.Record] = []
            csv.finish { records.append($0) }
            for record in records { try take(record) }
            if columns == nil { _ = try ImportFields.columns([]) }
        case .ndjson: endLine()
        }
    }

    /// The lines that are ready; they are the caller's now.
    mutating func takeLines() -> [ImportLine] {
        defer { lines.removeAll(keepingCapacity: true) }
        return lines
    }

    private mutating func take(_ record: CSVReader.Record) throws {
        guard let columns else {
            self.columns = try ImportFields.columns(try Self.names(record))
            return
        }
        lines.append(ImportLine(number: record.line, result: client(record, columns)))
    }

    /// The first line, with what spreadsheets get wrong about a whole file told as such.
    private static func names(_ record: CSVReader.Record) throws(ValidationError) -> [String] {
        switch record.result {
        case .failure(.notUTF8): throw error("the file is not in UTF-8; save it as CSV UTF-8")
        case .failure(let problem): throw error("the first line \(problem.message)")
        case .success(let names):
            let text = names.joined()
            guard !text.unicodeScalars.contains("\0") else { throw error("the file is not in UTF-8; save it as CSV UTF-8") }
            guard !text.unicodeScalars.contains("\r") else { throw error("lines must end with LF or CRLF, not with CR alone") }
            return names
        }
    }

    private func client(_ record: CSVReader.Record, _ columns: [ImportFields.Field]) -> Result<ImportedClient, ValidationError> {
        switch record.result {
        case .failure(let problem): return .failure(Self.error(problem.message))
        case .success(let cells):
            do throws(ValidationError) {
                let (json, errors) = try ImportFields.object(cells, columns)
                do throws(ValidationError) {
                    let client = try read(json)
                    return errors.isEmpty ? .success(client) : .failure(ValidationError(errors: errors))
                } catch {
                    return .failure(ValidationError(errors: errors + error.errors))
                }
            } catch {
                return .failure(error)
            }
        }
    }

    private mutating func endLine() {
        defer {
            line.removeAll(keepingCapacity: true)
            (number, isTooLong) = (number + 1, false)
        }
        if number == 1, line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        guard !line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) else { return }
        guard !isTooLong else {
            lines.append(ImportLine(number: number, result: .failure(Self.error(CSVReader.Problem.tooLong.message))))
            return
        }
        do throws(ValidationError) {
            lines.append(ImportLine(number: number, result: .success(try read(line))))
        } catch {
            lines.append(ImportLine(number: number, result: .failure(error)))
        }
    }

    private func read(_ bytes: [UInt8]) throws(ValidationError) -> ImportedClient {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes, limits: Self.limits)
        } catch {
            throw Self.error("is not valid JSON: \(error.reason.rawValue)")
        }
        return try fields.read(document.root)
    }

    private static func error(_ message: String) -> ValidationError {
        ValidationError(errors: [FieldError(field: "", message: message)])
    }
}

extension CSVReader.Problem {
    var message: String {
        switch self {
        case .tooLong: "is longer than 128 KiB"
        case .notUTF8: "is not valid UTF-8"
        case .strayQuote: "has a quote inside a field that is not quoted as a whole"
        case .openQuote: "begins a quoted field that never ends"
        }
    }
}
