package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
)

// fault is what happens to some calls of one method: an error in place of the answer, or a delay.
type fault struct {
	method string
	// The first and last of the method's calls that it meets, counted from 1.
	from, to int
	code     codes.Code
	// Let the call reach the server, and drop the answer.
	after bool
	delay time.Duration
	text  string
}

// parseFault reads METHOD:FROM[-TO]:CODE[:after] or METHOD:FROM[-TO]:delay=DURATION. FROM- has no end.
func parseFault(text string) (fault, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 3 {
		return fault{}, fmt.Errorf("bad fault %q", text)
	}
	f := fault{method: parts[0], text: text}
	from, to, isRange := strings.Cut(parts[1], "-")
	var err error
	if f.from, err = strconv.Atoi(from); err != nil {
		return f, err
	}
	f.to = f.from
	if isRange && to == "" {
		f.to = 1 << 30
	} else if isRange {
		if f.to, err = strconv.Atoi(to); err != nil {
			return f, err
		}
	}
	if delay, ok := strings.CutPrefix(parts[2], "delay="); ok {
		f.delay, err = time.ParseDuration(delay)
		return f, err
	}
	if err := f.code.UnmarshalJSON([]byte(strconv.Quote(parts[2]))); err != nil {
		return f, err
	}
	f.after = len(parts) > 3 && parts[3] == "after"
	return f, nil
}
