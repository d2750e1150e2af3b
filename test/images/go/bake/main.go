// Reads a bake file as `docker buildx bake` does, and prints what it would build.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/docker/buildx/bake"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	targets, _, err := bake.ReadTargets(context.Background(), []bake.File{{Name: path, Data: data}}, []string{"default"}, nil, map[string]string{}, nil)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(targets)
}
