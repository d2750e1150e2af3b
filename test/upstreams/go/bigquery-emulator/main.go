// The Go emulator of BigQuery on a port of the loopback address, empty but for one project, and in memory.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"

	"github.com/goccy/bigquery-emulator/server"
	"github.com/goccy/bigquery-emulator/types"
)

func main() {
	port := flag.Uint("port", 0, "the port")
	project := flag.String("project", "p", "the project")
	flag.Parse()
	emulator, err := server.New(server.TempStorage)
	if err != nil {
		log.Fatal(err)
	}
	if err := emulator.Load(server.StructSource(types.NewProject(*project))); err != nil {
		log.Fatal(err)
	}
	// A port of gRPC's is taken too, whichever is free.
	log.Fatal(emulator.Serve(context.Background(), fmt.Sprintf("127.0.0.1:%d", *port), "127.0.0.1:0"))
}
