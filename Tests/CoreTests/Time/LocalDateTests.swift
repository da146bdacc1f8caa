import Core
import Testing

@Suite("Calendar days")
struct LocalDateTests {
    @Test("counting day by day through four centuries meets every date once, with the weekdays in turn")
    func walk() {
        var (year, month, dayOfMonth, weekday) = (1970, 1, 1, 4)
        for number in 0..<146_097 {
            let date = LocalDate(dayNumber: number)
            #expect(date.components == (year, month, dayOfMonth) && date.weekday == weekday)
            #expect(LocalDate(year: year, month: month, day: dayOfMonth)?.dayNumber == number)
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            let lengths = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            dayOfMonth += 1
            if dayOfMonth > lengths[month - 1] { (month, dayOfMonth) = (month + 1, 1) }
            if month > 12 { (year, month) = (year + 1, 1) }
            weekday = weekday % 7 + 1
        }
    }

    @Test(
        "days before 1970 have their dates too",
        arguments: [(-1, 1969, 12, 31, 3), (-719_528, 0, 1, 1, 6), (-141_427, 1582, 10, 15, 5)])
    func past(number: Int, year: Int, month: Int, day: Int, weekday: Int) {
        let date = LocalDate(dayNumber: number)
        #expect(date.components == (year, month, day))
        #expect(date.weekday == weekday)
        #expect(LocalDate(year: year, month: month, day: day) == date)
    }

    @Test("extreme day numbers are brought into range instead of overflowing")
    func extremes() {
        #expect(LocalDate(dayNumber: .max).adding(days: .max) == LocalDate(dayNumber: .max))
        #expect(LocalDate(dayNumber: .min).adding(days: .min) == LocalDate(dayNumber: .min))
        #expect((1...7).contains(LocalDate(dayNumber: .min).weekday))
        #expect((1...12).contains(LocalDate(dayNumber: .max).components.month))
    }
}
