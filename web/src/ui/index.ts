// The components that pages are made of.
export * from "./badge";
export * from "./button";
export * from "./chart";
export * from "./code";
export * from "./dialog";
export * from "./editor";
export * from "./feedback";
export * from "./field";
export * from "./icons";
export * from "./page";
export * from "./table";
export * from "./tabs";
export * from "./toast";
export * from "./values";
