import Core
import Testing

@Suite("Comma-separated values")
struct CSVTests {
    private func cell(_ text: String?) -> String {
        var csv = CSVWriter()
        csv.text(text)
        return String(decoding: csv.bytes, as: UTF8.self)
    }

    @Test(
        "a cell that a spreadsheet would compute becomes text",
        arguments: [
            "=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1+1", "\r=1", "\n=1", " =1+1", "\u{FEFF}=1", "\u{200B}=cmd", "＝1+1", "＋1", "－1", "＠a",
            "|x",
            "%0A=1", "\u{A0}=1", "\u{0}=1", "−1",
        ])
    func formulas(text: String) {
        #expect(cell(text).drop { $0 == "\"" }.first == "'", "\(text)")
    }

    @Test("other cells stay as they are", arguments: ["a=1", "Ada", "1", "é", "日本", "a-b", "x@example.org", "#tag", ""])
    func plain(text: String) {
        #expect(cell(text) == text)
    }

    @Test("separators, quotes, line breaks and blanks at an end are quoted")
    func quoting() {
        #expect(cell("a,b") == #""a,b""#)
        #expect(cell(#"say "hi""#) == #""say ""hi""""#)
        #expect(cell("a\r\nb") == "\"a\r\nb\"")
        #expect(cell("a;b") == #""a;b""#)
        #expect(cell("a ") == #""a ""#)
        #expect(cell("=\"a\",1") == #""'=""a"",1""#)
        #expect(cell(nil) == "")
        #expect(cell("a\u{0}b") == "ab")
    }

    @Test("rows end with CR LF, and numbers stay numbers")
    func rows() {
        var csv = CSVWriter()
        csv.number(-5)
        csv.text("x")
        csv.number(nil)
        csv.text("y")
        csv.endRow()
        csv.row(["", nil, "z"])
        #expect(String(decoding: csv.bytes, as: UTF8.self) == "-5,x,,y\r\n,,z\r\n")
    }
}
