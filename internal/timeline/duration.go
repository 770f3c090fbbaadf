package timeline

import (
	"math"
	"strconv"
	"time"
)

// short returns a duration as a text for people, with about three digits: "1.80 ms", "12.3 s",
// "2 m 05 s".
func short(d time.Duration) string {
	if d < 0 {
		if d == math.MinInt64 {
			d++
		}
		return "-" + short(-d)
	}
	switch {
	case d == 0:
		return "0"
	case d < time.Microsecond:
		return strconv.Itoa(int(d)) + " ns"
	case d < 999_500:
		return strconv.Itoa(int(d.Round(time.Microsecond)/time.Microsecond)) + " µs"
	case d < 999_500*time.Microsecond:
		return threeDigits(float64(d)/1e6) + " ms"
	case d < time.Minute-500*time.Millisecond:
		return threeDigits(float64(d)/1e9) + " s"
	}
	d = d.Round(time.Second)
	switch {
	case d < time.Hour:
		return pair(d, time.Minute, time.Second, " m ", " s")
	case d < 24*time.Hour:
		return pair(d, time.Hour, time.Minute, " h ", " m")
	}
	return strconv.Itoa(int(d/(24*time.Hour))) + " d"
}

// threeDigits returns a number below a thousand as a text of three digits.
func threeDigits(f float64) string {
	switch {
	case f < 9.995:
		return strconv.FormatFloat(f, 'f', 2, 64)
	case f < 99.95:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

func pair(d, big, small time.Duration, bigUnit, smallUnit string) string {
	smalls := int(d % big / small)
	text := strconv.Itoa(int(d/big)) + bigUnit
	if smalls < 10 {
		text += "0"
	}
	return text + strconv.Itoa(smalls) + smallUnit
}

// milliseconds returns a duration for the JSON views.
func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }
